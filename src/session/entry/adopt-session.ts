// Sessions that an agent has of its own: what it offers, and making one of them ours. Its conversation is opened, and its history
// read, by the first start of the session (import-history.ts).

import type { AgentConnector } from '../../agent/connection.ts'
import type { AgentDefinition } from '../../agent/definition.ts'
import type { AgentOffer } from '../../agent/start/list-agent-sessions.ts'
import { DeadlineError, HoldfastError } from '../../base/errors.ts'
import type { AgentSessionId, SessionId } from '../../base/ids.ts'
import type { SessionRecord } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'
import type { OneAtATime } from '../../base/one-at-a-time.ts'
import type { AgentSlots } from '../agents/agent-slots.ts'
import type { Ensured } from './ensure-session.ts'
import type { SessionRequest } from '../service.ts'

export interface AdoptPorts {
  readonly store: Pick<Store, 'findSessionByConversation'>
  readonly connector: Pick<AgentConnector, 'offer'>
  readonly slots: AgentSlots
  /** Two callers that want the same one do not both get it. */
  readonly adoptions: OneAtATime
  findDefinition(name: string): AgentDefinition | undefined
  checkCwd(cwd: string): Promise<string>
}

/** One of the agent's own sessions. */
export interface OfferedSession {
  readonly agentSessionId: AgentSessionId
  readonly cwd: string
  /** Further directories that the agent has it for; an adoption gives it only those that are asked for. */
  readonly directories: readonly string[]
  readonly title: string | undefined
  readonly updatedAt: string | undefined
  /** The session of ours that goes on with it already. */
  readonly sessionId: SessionId | undefined
}

export interface AgentSessions {
  readonly sessions: readonly OfferedSession[]
  /** There are more than are shown. */
  readonly isCut: boolean
}

export interface AdoptRequest extends Omit<SessionRequest, 'cwd' | 'mode'> {
  readonly agentSessionId: AgentSessionId
  /** Needed when the agent does not list its sessions. */
  readonly cwd?: string
}

/** An agent that takes longer to start and to answer is given up. */
const OFFER_MS = 60_000

/** Starts the agent and ends it again; with `cwd` there, and for the sessions of it. AGENT_UNSUPPORTED when it does not list its sessions; AGENT_*, CWD_*. */
export async function listOffered(ports: AdoptPorts, agent: string, cwd: string | undefined): Promise<AgentSessions> {
  const { sessions, isCut } = await readOffer(ports, agent, cwd)
  if (sessions === undefined) throw new HoldfastError('AGENT_UNSUPPORTED', { agent, method: 'session/list' })
  const offered = sessions.map(async ({ sessionId, ...rest }) => {
    const agentSessionId = sessionId as AgentSessionId
    const ours = await findOurs(ports, agent, agentSessionId)
    return { agentSessionId, ...rest, sessionId: ours?.id }
  })
  return { sessions: await Promise.all(offered), isCut }
}

/**
 * Makes the session with `make`. AGENT_UNSUPPORTED when the agent cannot open it, AGENT_SESSION_NOT_FOUND when it lists others
 * only, SESSION_CONFLICT when a session of ours goes on with it already; AGENT_*, CWD_*, and what `make` rejects with.
 */
export async function adoptSession(
  ports: AdoptPorts,
  request: AdoptRequest,
  make: (request: SessionRequest, conversation: AgentSessionId) => Promise<Ensured>,
): Promise<SessionRecord> {
  const { agentSessionId, cwd: given, ...rest } = request
  const { agent } = rest
  await refuseOurs(ports, agent, agentSessionId)
  const { canContinue, sessions, isCut } = await readOffer(ports, agent, given)
  if (!canContinue) throw new HoldfastError('AGENT_UNSUPPORTED', { agent, method: 'session/load' })
  const listed = sessions?.find(({ sessionId }) => sessionId === agentSessionId)
  if (sessions !== undefined && !isCut && listed === undefined)
    throw new HoldfastError('AGENT_SESSION_NOT_FOUND', { agent, agentSession: agentSessionId })
  const cwd = given ?? listed?.cwd
  if (cwd === undefined) throw new HoldfastError('BAD_REQUEST', { reason: 'cwd is needed: the agent does not say it' })
  const label = rest.label ?? (listed?.title?.trim() || undefined)?.slice(0, LABEL_CHARS_MAX)
  const { session, created } = await ports.adoptions.run(async () => {
    await refuseOurs(ports, agent, agentSessionId)
    return make({ ...rest, cwd, ...(label !== undefined && { label }) }, agentSessionId)
  })
  if (!created) throw new HoldfastError('SESSION_CONFLICT', { session: session.key, field: 'agent session' })
  return session
}

async function refuseOurs(ports: AdoptPorts, agent: string, id: AgentSessionId): Promise<void> {
  const ours = await findOurs(ports, agent, id)
  if (ours !== undefined) throw new HoldfastError('SESSION_CONFLICT', { session: ours.id, field: 'agent session' })
}

const LABEL_CHARS_MAX = 160

function findOurs({ store }: AdoptPorts, agent: string, id: AgentSessionId): Promise<SessionRecord | undefined> {
  return store.findSessionByConversation(agent, id)
}

async function readOffer(ports: AdoptPorts, agent: string, given: string | undefined): Promise<AgentOffer> {
  const { connector, slots, findDefinition, checkCwd } = ports
  const definition = findDefinition(agent)
  if (definition === undefined) throw new HoldfastError('AGENT_UNKNOWN', { agent })
  const cwd = given === undefined ? undefined : await checkCwd(given)
  const signal = AbortSignal.timeout(OFFER_MS)
  using slot = await slots.acquire(signal)
  try {
    const offer = await connector.offer({ definition, cwd }, signal)
    slot.started()
    return offer
  } catch (error) {
    throw signal.aborted ? new DeadlineError(`asking agent ${agent} for its sessions`, OFFER_MS) : error
  }
}
