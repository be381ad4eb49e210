// Opens the agent's side of a session: continue an earlier conversation where the agent can, else start one, and say which it was.

import type { AgentCapabilities } from '../acp/initialize.ts'
import { narrowNewSession, narrowOpenedSession } from '../acp/session-results.ts'
import type { NarrowedResult } from '../acp/session-results.ts'
import { HoldfastError } from '../base/errors.ts'
import type { AgentSessionId } from '../base/ids.ts'
import type { AgentLink } from './agent-link.ts'
import type { Continuity } from './connection.ts'

export interface OpenOptions {
  readonly cwd: string
  readonly resume: AgentSessionId | undefined
  readonly capabilities: AgentCapabilities
  readonly ms: number
  readonly signal: AbortSignal
}

export interface OpenedAgentSession {
  readonly agentSessionId: AgentSessionId
  readonly continuity: Continuity
}

/**
 * Resume before load before new (acp-protocol 4.4). An agent that can do neither starts afresh and that is told; an agent
 * that refuses to continue fails the start: a conversation is never replaced silently.
 */
export async function openAgentSession(link: AgentLink, options: OpenOptions): Promise<OpenedAgentSession> {
  const { resume, capabilities, cwd } = options
  if (resume !== undefined && capabilities.resume) {
    const result = await link.openSession('session/resume', { sessionId: resume, cwd, mcpServers: [] }, options)
    usable(link, narrowOpenedSession('session/resume', result))
    return { agentSessionId: resume, continuity: 'resumed' }
  }
  if (resume !== undefined && capabilities.loadSession) {
    const result = await link.openSession('session/load', { sessionId: resume, cwd, mcpServers: [] }, options)
    usable(link, narrowOpenedSession('session/load', result))
    return { agentSessionId: resume, continuity: 'loaded' }
  }
  const result = await link.openSession('session/new', { cwd, mcpServers: [] }, options)
  const { sessionId } = usable(link, narrowNewSession(result))
  return { agentSessionId: sessionId as AgentSessionId, continuity: resume === undefined ? 'new' : 'fresh' }
}

/** Whether another process of the agent can go on where one ended; `capabilities` as JSON text, undefined when none is known. */
export function canContinue(capabilities: string | undefined): boolean {
  const { resume, loadSession } = JSON.parse(capabilities ?? '{}') as Partial<AgentCapabilities>
  return resume === true || loadSession === true
}

/** What an agent may leave out is accepted and said; without its essentials the start fails. */
function usable<T>(link: AgentLink, narrowed: NarrowedResult<T>): T {
  if (narrowed.kind === 'malformed') {
    throw new HoldfastError('AGENT_PROTOCOL_ERROR', { agent: link.agent, reason: narrowed.reason })
  }
  if (narrowed.warning !== undefined) link.warn('unexpected_result', narrowed.warning)
  return narrowed.value
}
