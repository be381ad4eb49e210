// Starting the agent of a session without a prompt: what a fork needs, whose conversation is to begin where the other one is now.

import type { StoredError } from '../../base/errors.ts'
import type { Draft } from '../draft.ts'
import type { CallerInput } from '../input.ts'
import { pump } from '../turns/queue.ts'

export function beginAgent(draft: Draft, { reply }: Extract<CallerInput, { kind: 'begin' }>): void {
  draft.state.begins = [...draft.state.begins, reply]
  pump(draft)
}

/** Answers who waits for the agent, once it is there or cannot come any more. Called after every input. */
export function settleBegins(draft: Draft): void {
  const { state } = draft
  if (state.begins.length === 0) return
  const { phase, agent, begins } = state
  if (phase.kind === 'open' && agent.kind !== 'ready') return
  state.begins = []
  for (const reply of begins) {
    if (phase.kind === 'open') draft.reply(reply, { kind: 'begun' })
    else draft.refuse(reply, phase.kind === 'draining' ? 'GATEWAY_DRAINING' : 'SESSION_CLOSED')
  }
}

/** The start failed: who waits for it hears why, and nothing is tried again for their sake. */
export function failBegins(draft: Draft, { code, details }: StoredError): void {
  const { begins } = draft.state
  draft.state.begins = []
  for (const reply of begins) draft.refuse(reply, code, details)
}
