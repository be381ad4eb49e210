// Opens the agent's side of a session: continue an earlier conversation where the agent can, else do what the caller wants
// instead, and say which it was. A conversation is never replaced silently.

import type { AgentCapabilities } from '../../acp/initialize.ts'
import { RPC_CODES } from '../../acp/rpc.ts'
import { narrowControls } from '../../acp/session-controls.ts'
import type { Controls } from '../../acp/session-controls.ts'
import { narrowNewSession, narrowOpenedSession } from '../../acp/session-results.ts'
import type { NarrowedResult } from '../../acp/session-results.ts'
import type { Clock } from '../../base/clock.ts'
import { HoldfastError, isHoldfastError } from '../../base/errors.ts'
import type { AgentSessionId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import { answeredCodeOf } from '../agent-errors.ts'
import { sessionParams } from '../equipment.ts'
import type { AgentEquipment } from '../equipment.ts'
import type { AgentLink } from '../link/agent-link.ts'
import { waitToLoad } from '../quirks/wait-to-load.ts'
import type { Continuity, WhenLost } from '../connection.ts'
import type { ImportedHistory } from '../link/history.ts'

export interface OpenOptions {
  readonly cwd: string
  readonly equipment: AgentEquipment
  readonly resume: AgentSessionId | undefined
  readonly whenLost: WhenLost
  /** See ConnectRequest. */
  readonly isFork?: boolean
  /** `resume` began without us: opened by `session/load` if the agent can, and what that tells is kept. */
  readonly wantsHistory?: boolean
  /** See ConnectRequest. */
  readonly begunAt: number | undefined
  readonly capabilities: AgentCapabilities
  readonly clock: Clock
  /** For each request. */
  readonly ms: number
  readonly signal: AbortSignal
}

/** `params`: what is said of the session in every way to open it. */
type Opening = OpenOptions & { readonly params: JsonObject }

export interface OpenedAgentSession {
  readonly agentSessionId: AgentSessionId
  readonly continuity: Continuity
  /** What the agent offers to choose from and what is set. */
  readonly controls: Controls
  readonly history?: ImportedHistory | undefined
}

/**
 * Resume before load before new (acp-protocol 4.4). AGENT_CONVERSATION_LOST when the agent cannot go on with `resume` and
 * nothing else is wanted; EQUIPMENT_UNSUPPORTED before anything is asked. Any other refusal rejects as it is: the conversation may be there at the next try.
 */
export async function openAgentSession(link: AgentLink, given: OpenOptions): Promise<OpenedAgentSession> {
  const options = { ...given, params: sessionParams(link.agent, given, given.capabilities) }
  const { resume, whenLost } = options
  if (resume === undefined) return openNew(link, options, 'new')
  if (given.isFork === true) return openFork(link, resume, options)
  const lost = await continueSession(link, resume, options)
  if (!isHoldfastError(lost)) return lost
  const forked = whenLost === 'fork' ? await forkSession(link, resume, options) : undefined
  if (forked !== undefined) return forked
  if (whenLost === 'fresh') return openNew(link, options, 'fresh')
  throw lost
}

/** Whether another process of the agent can go on where one ended; `capabilities` as JSON text, undefined when none is known. */
export function canContinue(capabilities: string | undefined): boolean {
  const { resume, loadSession } = JSON.parse(capabilities ?? '{}') as Partial<AgentCapabilities>
  return resume === true || loadSession === true
}

/** Whether it makes a conversation from another one. */
export function canFork(capabilities: string): boolean {
  return (JSON.parse(capabilities) as Partial<AgentCapabilities>).fork === true
}

/** Whether it removes a conversation when it is asked to. */
export function canDelete(capabilities: string): boolean {
  return (JSON.parse(capabilities) as Partial<AgentCapabilities>).delete === true
}

/** Tries every way that the agent offers; the error when all of them say that there is no such conversation. */
async function continueSession(
  link: AgentLink,
  sessionId: AgentSessionId,
  options: Opening,
): Promise<OpenedAgentSession | HoldfastError> {
  const { capabilities, params } = options
  const resume = capabilities.resume ? [{ method: 'session/resume', continuity: 'resumed' } as const] : []
  const load = capabilities.loadSession ? [{ method: 'session/load', continuity: 'loaded' } as const] : []
  const ways = options.wantsHistory === true ? [...load, ...resume] : [...resume, ...load]
  let refusal: HoldfastError | undefined
  for (const { method, continuity } of ways) {
    if (method === 'session/load') await waitToLoad(link, options)
    try {
      const answer = await link.openSession(method, { sessionId, ...params }, options)
      const result = usable(link, narrowOpenedSession(method, answer))
      const history = link.takeHistory()
      return { agentSessionId: sessionId, continuity, controls: narrowControls(result), history }
    } catch (error) {
      if (!isHoldfastError(error) || !saysLost(error)) throw error
      refusal = error
    }
  }
  return conversationLost(link.agent, sessionId, refusal)
}

/** Nothing else will do: what was said is part of what was asked for. */
async function openFork(link: AgentLink, from: AgentSessionId, options: Opening): Promise<OpenedAgentSession> {
  if (!options.capabilities.fork)
    throw new HoldfastError('AGENT_UNSUPPORTED', { agent: link.agent, method: 'session/fork' })
  const forked = await forkSession(link, from, options)
  if (forked === undefined) throw conversationLost(link.agent, from, undefined)
  return forked
}

async function forkSession(
  link: AgentLink,
  sessionId: AgentSessionId,
  options: Opening,
): Promise<OpenedAgentSession | undefined> {
  const { capabilities, params } = options
  if (!capabilities.fork) return undefined
  try {
    const answer = await link.openSession('session/fork', { sessionId, ...params }, options)
    return opened(usable(link, narrowNewSession(answer, 'session/fork')), 'forked')
  } catch (error) {
    if (saysLost(error)) return undefined
    throw error
  }
}

async function openNew(link: AgentLink, options: Opening, continuity: 'new' | 'fresh'): Promise<OpenedAgentSession> {
  const answer = await link.openSession('session/new', options.params, options)
  return opened(usable(link, narrowNewSession(answer)), continuity)
}

function opened({ sessionId, result }: NewSession, continuity: Continuity): OpenedAgentSession {
  return { agentSessionId: sessionId as AgentSessionId, continuity, controls: narrowControls(result) }
}

type NewSession = Extract<ReturnType<typeof narrowNewSession>, { kind: 'usable' }>['value']

/** The agent says by code that it does not know the session, or not this way to open one. Anything else may pass. */
function saysLost(error: unknown): boolean {
  const code = answeredCodeOf(error)
  return code !== undefined && LOST_CODES.has(code)
}

const LOST_CODES: ReadonlySet<number> = new Set([
  RPC_CODES.resourceNotFound,
  RPC_CODES.invalidParams,
  RPC_CODES.methodNotFound,
])

function conversationLost(agent: string, sessionId: AgentSessionId, refusal: HoldfastError | undefined): HoldfastError {
  const reason = refusal === undefined ? 'unsupported' : 'refused'
  const raw = refusal?.details['raw']
  const details = { agent, conversation: sessionId, reason, ...(raw === undefined ? {} : { raw }) }
  return new HoldfastError('AGENT_CONVERSATION_LOST', details, { cause: refusal })
}

/** What an agent may leave out is accepted and said; without its essentials the start fails. */
function usable<T>(link: AgentLink, narrowed: NarrowedResult<T>): T {
  if (narrowed.kind === 'malformed') {
    throw new HoldfastError('AGENT_PROTOCOL_ERROR', { agent: link.agent, reason: narrowed.reason })
  }
  if (narrowed.warning !== undefined) link.warn('unexpected_result', narrowed.warning)
  return narrowed.value
}
