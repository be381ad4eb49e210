// A new session that begins with what was said in another one: the agent forks its conversation, our log has a copy. Made whole or not at
// all, as far as the agent allows: its process is started at once, because a fork is of the moment in which it is asked for.

import { canFork } from '../../agent/start/open-agent-session.ts'
import { ignore } from '../../base/deadline.ts'
import { HoldfastError } from '../../base/errors.ts'
import { optionsView } from '../terms/options.ts'
import type { Actors } from '../actors.ts'
import { forkable, forkedFrom, refuseBusy } from '../history/fork-source.ts'
import type { SessionRequest } from '../service.ts'
import type { SessionRecord } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'
import { ensureSession, findKnown } from './ensure-session.ts'
import type { Ensured, EnsurePorts } from './ensure-session.ts'

export interface ForkPorts extends EnsurePorts {
  readonly store: EnsurePorts['store'] & Pick<Store, 'readEvents' | 'findSessionByNo' | 'listUnsettledTurns'>
  readonly actors: Pick<Actors, 'ask' | 'askToEnd'>
}

/** All else is as in the source: agent, directory, options, policies, what its agent is given from the configuration. Not what an editor gave. */
export type ForkRequest = Pick<SessionRequest, 'key' | 'requestKey' | 'label' | 'parent' | 'notify' | 'given'>

/**
 * A source in which nothing was said gives a plain new session. AGENT_UNSUPPORTED, SESSION_BUSY while a turn of the source is out,
 * SESSION_CONFLICT when the key names a session that is no fork of it; AGENT_*, and what ensureSession rejects with. Nothing is left of a fork
 * that failed.
 */
export async function forkSession(ports: ForkPorts, source: SessionRecord, request: ForkRequest): Promise<Ensured> {
  const forks = forkable(source) !== undefined
  const isKnown = (await findKnown(ports, request)) !== undefined
  if (forks && !isKnown) await refuseUnforkable(ports, source)
  const { session, created } = await ensureSession(ports, {
    ...inherited(source),
    ...request,
    ...(forks && { forkOf: source.id }),
  })
  // Only a key may name what another request has made.
  const isNamed = !created && request.key !== undefined
  if (isNamed && forks && (await forkedFrom(ports.store, session.no)) !== source.id)
    throw new HoldfastError('SESSION_CONFLICT', { session: session.key, field: 'source' })
  if (session.terms.conversation.source !== 'forking') return { session, created }
  return { session: await begun(ports, session), created }
}

async function begun({ actors, store }: ForkPorts, session: SessionRecord): Promise<SessionRecord> {
  try {
    await actors.ask(session.no, (reply) => ({ kind: 'begin', reply }))
  } catch (error) {
    const gone = actors.askToEnd(session.no, (reply) => ({ kind: 'close', reply }))
    await gone.catch(ignore('it was closed, or is closed by the next life'))
    throw error
  }
  return (await store.findSessionByNo(session.no)) ?? session
}

async function refuseUnforkable({ store }: ForkPorts, source: SessionRecord): Promise<void> {
  const known = source.agentCapabilities
  if (known !== undefined && !canFork(known))
    throw new HoldfastError('AGENT_UNSUPPORTED', { agent: source.agent, method: 'session/fork' })
  await refuseBusy(store, source)
}

function inherited({ agent, cwd, onInterrupt, permissionMode, terms }: SessionRecord): SessionRequest {
  const { continuity, options, equipment } = terms
  const { mcpServers, directories } = equipment
  const policies = { onInterrupt, permissionMode, continuity }
  return { agent, cwd, ...policies, options: optionsView(options), mcpServers, directories }
}
