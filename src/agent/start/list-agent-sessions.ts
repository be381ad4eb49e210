// Asks an agent which sessions of its own it could go on with: starts it in a directory, asks, and ends it again.

import type { ListedSession } from '../../acp/session-list.ts'
import { narrowSessionList } from '../../acp/session-list.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { AgentDefinition } from '../definition.ts'
import { startAgent } from './start-agent.ts'
import type { InitializedAgent, StartPorts } from './start-agent.ts'

export interface ListRequest {
  readonly definition: AgentDefinition
  /** Where it is started, and which sessions are asked for; undefined: in a directory of ours, for all. */
  readonly cwd: string | undefined
  /** Of one answer. */
  readonly ms: number
}

export interface ListPorts extends StartPorts {
  /** A directory for agents that work for no session; there when this returns. */
  idleDirectory(): string
}

export interface AgentOffer {
  /** It can open a session of an earlier process. */
  readonly canContinue: boolean
  /** Undefined: it does not list its sessions. */
  readonly sessions: readonly ListedSession[] | undefined
  /** There are more than were asked for. */
  readonly isCut: boolean
}

const PAGES_MAX = 20
const SESSIONS_MAX = 1_000

/** Rejects with AGENT_*, SPAWN_FAILED or CANCELLED. No process is left when it settles. */
export async function listAgentSessions(
  ports: ListPorts,
  request: ListRequest,
  signal: AbortSignal,
): Promise<AgentOffer> {
  const { definition, cwd = ports.idleDirectory() } = request
  const agent = await startAgent(ports, { definition, sessionId: undefined, generation: 0, cwd }, signal)
  try {
    const { resume, loadSession, list } = agent.capabilities
    const canContinue = resume || loadSession
    if (!list) return { canContinue, sessions: undefined, isCut: false }
    return { canContinue, ...(await readPages(agent, request, signal)) }
  } finally {
    await agent.link.stop()
  }
}

async function readPages({ link }: InitializedAgent, { cwd, ms }: ListRequest, signal: AbortSignal) {
  const sessions: ListedSession[] = []
  const seen = new Set<string>()
  let cursor: string | undefined
  for (let page = 0; page < PAGES_MAX && sessions.length < SESSIONS_MAX; page++) {
    const params = { ...(cwd !== undefined && { cwd }), ...(cursor !== undefined && { cursor }) }
    const answer = await link.call('session/list', params, { ms, signal })
    const narrowed = narrowSessionList(answer)
    if (narrowed === undefined)
      throw new HoldfastError('AGENT_PROTOCOL_ERROR', {
        agent: link.agent,
        reason: 'session/list answered without sessions',
      })
    sessions.push(...narrowed.sessions)
    cursor = narrowed.nextCursor
    if (cursor === undefined)
      return { sessions: sessions.slice(0, SESSIONS_MAX), isCut: sessions.length > SESSIONS_MAX }
    if (seen.has(cursor)) break // it would go round for ever
    seen.add(cursor)
  }
  return { sessions: sessions.slice(0, SESSIONS_MAX), isCut: true }
}
