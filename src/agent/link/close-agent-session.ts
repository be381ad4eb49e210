// The last word to an agent that lives: its session is closed. Its process is ended afterwards, whatever it answers.

import type { AgentCapabilities } from '../../acp/initialize.ts'
import { ignore } from '../../base/deadline.ts'
import type { AgentSessionId } from '../../base/ids.ts'
import type { AgentLink } from './agent-link.ts'

/** For what an agent does at a close: it ends what runs and writes what it has. One that is stuck is not waited for longer. */
const CLOSE_MS = 2_000

/**
 * Sends `session/close` if it was advertised, and waits for the answer, the end of the process or 2 s, whichever is first. Any answer
 * will do, -32002 too (C-31): what is to be freed is freed by the end of the process. Never rejects.
 */
export async function closeAgentSession(
  link: Pick<AgentLink, 'call'>,
  sessionId: AgentSessionId,
  capabilities: Pick<AgentCapabilities, 'close'>,
): Promise<void> {
  if (!capabilities.close) return
  const { signal } = new AbortController()
  await link
    .call('session/close', { sessionId }, { ms: CLOSE_MS, signal })
    .catch(ignore('the process is ended, whatever it said'))
}
