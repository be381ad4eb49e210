// Removes a conversation from where the agent keeps it.

import { RPC_CODES } from '../../acp/rpc.ts'
import type { AgentSessionId } from '../../base/ids.ts'
import { answeredCodeOf } from '../agent-errors.ts'
import type { AgentLink } from './agent-link.ts'

/** For an agent that lives and is initialised. What an agent needs to remove a file. */
const DELETE_MS = 5_000

/**
 * Sends `session/delete`, which must have been advertised. A conversation that the agent does not know is deleted (-32002, C-31). Rejects with
 * DEADLINE after 5 s, AGENT_EXITED, AGENT_AUTH_REQUIRED, or AGENT_ERROR with what it answered.
 */
export async function deleteAgentSession(link: Pick<AgentLink, 'call'>, sessionId: AgentSessionId): Promise<void> {
  const { signal } = new AbortController()
  try {
    await link.call('session/delete', { sessionId }, { ms: DELETE_MS, signal })
  } catch (error) {
    if (answeredCodeOf(error) !== RPC_CODES.resourceNotFound) throw error
  }
}
