// A session that was opened at an agent for somebody who has given up on it is undone there (C-33). The process is ended in any case;
// this is about what the agent keeps beyond it.

import type { AgentCapabilities } from '../../acp/initialize.ts'
import { narrowNewSession } from '../../acp/session-results.ts'
import { deadline, ignore } from '../../base/deadline.ts'
import { CancelledError, DeadlineError } from '../../base/errors.ts'
import type { AgentSessionId } from '../../base/ids.ts'
import type { AgentLink } from '../link/agent-link.ts'
import { closeAgentSession } from '../link/close-agent-session.ts'
import { deleteAgentSession } from '../link/delete-agent-session.ts'
import type { OpenedAgentSession } from './open-agent-session.ts'

/** How long an answer that nobody waits for any more may still come. */
const LATE_MS = 2_000

const IS_NEW: Readonly<Record<OpenedAgentSession['continuity'], boolean>> = {
  new: true,
  fresh: true,
  forked: true,
  resumed: false,
  loaded: false,
}

interface Opening {
  readonly resume: AgentSessionId | undefined
  readonly capabilities: AgentCapabilities
}

/**
 * The opening was given up with `error`. What was to be gone on with is closed. What was to be made is removed if the agent names
 * it within 2 s; an agent that can neither close nor delete is not waited for. Never rejects.
 */
export async function undoOpening(link: AgentLink, { resume, capabilities }: Opening, error: unknown): Promise<void> {
  if (!(error instanceof DeadlineError || error instanceof CancelledError)) return
  const stage = String(error.details['stage'])
  if (stage === 'session/load' || stage === 'session/resume') {
    if (resume !== undefined) await closeAgentSession(link, resume, capabilities)
    return
  }
  const canUndo = capabilities.delete || capabilities.close
  if (!canUndo || (stage !== 'session/new' && stage !== 'session/fork')) return
  const late = await deadline(link.lastAnswer, { ms: LATE_MS, stage }).catch(
    ignore('nothing was made, or nobody says what'),
  )
  const made = late === undefined ? undefined : narrowNewSession(late)
  if (made?.kind === 'usable') await removeSession(link, made.value.sessionId as AgentSessionId, capabilities)
}

/** The session is open, and what came after it failed. Never rejects. */
export async function undoOpened(
  link: AgentLink,
  { agentSessionId, continuity }: Pick<OpenedAgentSession, 'agentSessionId' | 'continuity'>,
  capabilities: AgentCapabilities,
): Promise<void> {
  if (IS_NEW[continuity]) return removeSession(link, agentSessionId, capabilities)
  return closeAgentSession(link, agentSessionId, capabilities)
}

/** One that nothing was said in. */
async function removeSession(link: AgentLink, id: AgentSessionId, capabilities: AgentCapabilities): Promise<void> {
  if (!capabilities.delete) return closeAgentSession(link, id, capabilities)
  await deleteAgentSession(link, id).catch(ignore('it stays on the list of the agent, empty'))
}
