// `holdfast prompt`: sends a prompt to a session and streams the turn. Accepted means stored: with --no-wait that is the end.

import { HoldfastError } from '../../base/errors.ts'
import type { SessionView } from '../../wire/session.ts'
import type { HoldfastClient } from '../../client/client.ts'
import type { OnInterrupt, WhenBusy } from '../choices.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { promptBody } from '../prompt-body.ts'
import type { AdmissionOptions } from '../prompt-body.ts'
import { readPrompt } from '../prompt-text.ts'
import { runTurn } from '../run-turn.ts'
import type { TurnOptions } from '../run-turn.ts'
import { sendPrompt } from '../send-prompt.ts'
import { chooseSession } from '../session-choice.ts'

export interface PromptOptions extends TurnOptions, AdmissionOptions {
  readonly session?: string
  readonly wait: boolean
  readonly onInterrupt?: OnInterrupt
  readonly idempotencyKey?: string
  readonly whenBusy?: WhenBusy
}

export async function prompt(context: CommandContext, options: PromptOptions, words: string[]): Promise<number> {
  const { cwd: here, terminal } = context.deps
  const text = await readPrompt({ words, file: options.file, cwd: here, terminal })
  using gateway = await openGateway(context)
  const { client } = gateway
  const session = await withPolicies(client, await chooseSession(client, { ...options, here }), options)
  if (options.wait && options.idempotencyKey === undefined) refuseBlocked(session)
  const body = {
    ...(await promptBody({ client, sessionId: session.id, text, cwd: here }, options)),
    ...(options.whenBusy !== undefined && { when_busy: options.whenBusy }),
    ...(options.unattended !== undefined && { unattended: options.unattended }),
    ...(options.onInterrupt !== undefined && { on_interrupt: options.onInterrupt }),
    ...(options.idempotencyKey !== undefined && { idempotency_key: options.idempotencyKey }),
    ...(!options.wait && options.timeout !== undefined && { expires_at: inSeconds(options.timeout) }),
  }
  const sent = await sendPrompt(context, { client, session, body, leaves: !options.wait })
  return options.wait ? await runTurn(context, { client, session, options, ...sent }) : EXIT.done
}

/** Policies are the session's: naming another one changes it from here on. */
async function withPolicies(
  client: HoldfastClient,
  session: SessionView,
  { continuity = session.continuity, permissionMode = session.permission_mode }: PromptOptions,
): Promise<SessionView> {
  const change = {
    ...(continuity !== session.continuity && { continuity }),
    ...(permissionMode !== session.permission_mode && { permission_mode: permissionMode }),
  }
  return Object.keys(change).length === 0 ? session : client.changeSession(session.id, change)
}

/** A prompt would wait for a decision that nobody makes while this command waits. With a key it may be one that has ended. */
function refuseBlocked({ key, id, blocked }: SessionView): void {
  if (blocked === null) return
  const { turn_id: turn, reason: why, actions, login } = blocked
  if (login !== undefined) {
    const reason = `a prompt of session ${key ?? id} waits for it`
    throw new HoldfastError('AGENT_AUTH_REQUIRED', { agent: login.agent, reason })
  }
  const reason = why === 'interrupted' ? `turn ${turn} was interrupted` : 'the conversation of its agent is lost'
  throw new HoldfastError('SESSION_BLOCKED', { session: key ?? id, reason, actions: actions.join('|') })
}

// Nobody waits, so the limit can only hold for the time in the queue.
function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString()
}
