// Makes a session, or finds the one that has the key, or that the same request has made: for any number of callers at once there is one
// session for a key, and one for a request that is sent again.

import type { AgentDefinition } from '../../agent/definition.ts'
import type { Clock } from '../../base/clock.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { AgentSessionId, Ids, SessionId } from '../../base/ids.ts'
import type { SessionRecord } from '../../store/records.ts'
import type { NewSession, Store } from '../../store/store.ts'
import type { EquipmentChange, Equipper } from '../equipment/equipper.ts'
import { checkKey } from './check-key.ts'
import type { Parentage } from '../family/parentage.ts'
import { mergeOptions, readOptionsPatch } from '../terms/options.ts'
import type { SessionRequest } from '../service.ts'

export interface EnsurePorts {
  readonly store: Pick<Store, 'findSession' | 'findSessionByRequest' | 'createSession'>
  readonly ids: Ids
  readonly clock: Clock
  readonly parentage: Parentage
  readonly equipper: Pick<Equipper, 'read'>
  checkCwd(cwd: string): Promise<string>
  /** AGENT_COMMAND_MISSING for one that is offered, but not installed. */
  checkAgent(definition: AgentDefinition): Promise<void>
  findDefinition(name: string): AgentDefinition | undefined
}

export interface NewRequest extends SessionRequest {
  /** A session of the agent's own that a new one goes on with. */
  readonly conversation?: AgentSessionId
  /** The session that a new one is a fork of. */
  readonly forkOf?: SessionId
}

export interface Ensured {
  readonly session: SessionRecord
  readonly created: boolean
}

/** SESSION_CONFLICT with the fields that differ, AGENT_UNKNOWN, AGENT_COMMAND_MISSING, CWD_*, SESSION_KEY_INVALID, PARENT_REFUSED, MCP_SERVER_UNKNOWN. */
export async function ensureSession(ports: EnsurePorts, given: NewRequest): Promise<Ensured> {
  const { findDefinition, checkCwd, checkAgent, store, parentage } = ports
  const definition = findDefinition(given.agent)
  if (definition === undefined) throw new HoldfastError('AGENT_UNKNOWN', { agent: given.agent })
  const cwd = await checkCwd(given.cwd)
  const request = { ...given, cwd, ...(given.key !== undefined && { key: checkKey(given.key) }) }
  const known = await findKnown(ports, request)
  if (known !== undefined) return { session: await matching(store, known, request), created: false }
  await checkAgent(definition)
  const equipped = await ports.equipper.read(request)
  try {
    const { parent } = request
    const make = (id: SessionId | undefined) => store.createSession(newSession(ports, { ...request, equipped }, id))
    const session = parent === undefined ? await make(undefined) : await parentage.linked(parent, undefined, make)
    return { session, created: true }
  } catch (error) {
    // Two callers with one key: the second gets the session of the first.
    const winner = await findKnown(ports, request)
    if (winner === undefined) throw error
    return { session: await matching(store, winner, request), created: false }
  }
}

function newSession(
  { ids, clock, findDefinition }: EnsurePorts,
  request: NewRequest & { readonly equipped: EquipmentChange },
  parent: SessionId | undefined,
): NewSession {
  const {
    key,
    requestKey,
    agent,
    cwd,
    mode = 'persistent',
    onInterrupt = 'hold',
    label,
    notify = 'done_only',
  } = request
  const family = { label, parent, notify }
  const permissionMode = request.permissionMode ?? findDefinition(agent)?.permissionMode ?? 'ask'
  const options = mergeOptions({}, readOptionsPatch(request.options ?? {}))
  const terms = { options, ...(request.continuity !== undefined && { continuity: request.continuity }) }
  return {
    id: ids.session(),
    key,
    ...(requestKey !== undefined && { requestKey }),
    agent,
    cwd,
    mode,
    onInterrupt,
    permissionMode,
    ...terms,
    createdAt: clock.now(),
    family,
    equipment: request.equipped.equipment,
    given: request.equipped.given?.whole,
    ...(request.conversation !== undefined && { conversation: request.conversation }),
    ...(request.forkOf !== undefined && { forkOf: request.forkOf }),
  }
}

/** The session that the request has made, or that its key names now; one that is closed has given its keys away. */
export async function findKnown(
  { store }: { readonly store: Pick<Store, 'findSession' | 'findSessionByRequest'> },
  { key, requestKey }: Pick<SessionRequest, 'key' | 'requestKey'>,
): Promise<SessionRecord | undefined> {
  const made = requestKey === undefined ? undefined : await store.findSessionByRequest(requestKey)
  if (made !== undefined || key === undefined) return made
  const session = await store.findSession(key)
  const isNamed = session?.key?.toLowerCase() === key.toLowerCase()
  return isNamed && session.state !== 'closed' ? session : undefined
}

/** A key names one session: asking for another agent, directory, mode or parent under it is a mistake, not a new session. */
async function matching(
  store: EnsurePorts['store'],
  session: SessionRecord,
  { agent, cwd, mode, parent }: SessionRequest,
): Promise<SessionRecord> {
  const fields: string[] = []
  if (session.agent !== agent) fields.push('agent')
  if (session.cwd !== cwd) fields.push('cwd')
  if (mode !== undefined && session.mode !== mode) fields.push('mode')
  const parentId = parent === undefined ? undefined : (await store.findSession(parent.trim()))?.id
  if (parent !== undefined && session.family.parent !== parentId) fields.push('parent')
  if (fields.length === 0) return session
  throw new HoldfastError('SESSION_CONFLICT', { session: session.key ?? session.id, field: fields.join(', '), fields })
}
