// Sends one prompt and says what the gateway promised: stored, and how many are ahead of it.

import type { HoldfastClient } from '../client/client.ts'
import type { NeededLogin, SessionView } from '../wire/session.ts'
import type { PromptCreate } from '../wire/turn.ts'
import type { CommandContext } from './context.ts'
import { terminalLine } from './output/terminal-text.ts'

export interface PromptJob {
  readonly client: HoldfastClient
  readonly session: SessionView
  readonly body: PromptCreate
  /** The caller does not wait for the turn: say how to follow it. */
  readonly leaves: boolean
}

export interface SentPrompt {
  readonly turnId: string
  /** Cursor before the turn's first event. */
  readonly after: number
}

/** What somebody has to do about a session that is blocked. */
export function blockedText({ key, id, blocked }: Pick<SessionView, 'key' | 'id' | 'blocked'>): string {
  const name = terminalLine(key ?? id)
  if (blocked?.login !== undefined) return loginText(blocked.login)
  const what = blocked?.reason === 'conversation_lost' ? 'a lost conversation' : 'an interrupted turn'
  const actions = blocked?.actions.join('|') ?? 'continue|retry|discard'
  return `the session waits for a decision about ${what}: holdfast resume ${name} --action ${actions}`
}

/** What waits is not lost, and goes on by itself. */
export function loginText({ agent, command, reason, elsewhere }: NeededLogin): string {
  const why = reason === null ? '' : `: ${terminalLine(reason, 300)}`
  const what = elsewhere ? 'Put that right where it runs, or its headers in the configuration, then' : 'Log in with'
  return `${terminalLine(agent)} needs a login${why}; the prompt waits for it. ${what}: ${terminalLine(command)}`
}

/** Resolves when the prompt is stored. */
export async function sendPrompt({ screen }: CommandContext, job: PromptJob): Promise<SentPrompt> {
  const { client, session, body, leaves } = job
  const { turn, position, replayed } = await client.prompt(session.id, body)
  const name = terminalLine(session.key ?? session.id)
  if (screen.json) screen.record({ type: 'prompt.accepted', session_id: session.id, turn, position, replayed })
  else if (leaves) screen.print(`${turn.id}\n`)
  if (leaves) screen.note(`stored; follow it with: holdfast events -f ${name}`)
  else if (position > 0) screen.note(`queued behind ${position} ${position === 1 ? 'prompt' : 'prompts'}`)
  if (leaves && session.blocked_by !== null) screen.note(blockedText(session))
  // A turn that existed may have begun before the session was looked at.
  return { turnId: turn.id, after: replayed ? 0 : session.last_seq }
}
