// Any line of the agent within a turn, any answer it waited for, and any output of its terminals restarts the silence clock.

import type { Draft } from '../draft.ts'
import { startTask } from '../family/task-rows.ts'
import { forgetFailedStarts } from './start-retry.ts'

export function signOfLife(draft: Draft): void {
  const { active } = draft.state
  if (active !== undefined) draft.state.active = { ...active, lastSignAt: draft.now }
}

/** First proof that the agent has the prompt: delivery is `yes` from here on. */
export function markRunning(draft: Draft): void {
  const { active } = draft.state
  if (active?.stage !== 'sent') return
  draft.state.active = { ...active, stage: 'running', lastSignAt: draft.now }
  forgetFailedStarts(draft)
  const { turnId } = active
  draft.write({ kind: 'turn.patch', turnId, patch: { state: 'running', delivery: 'yes', runningAt: draft.now } })
  startTask(draft, turnId)
  draft.eventText('turn.running', turnId, `{"turn_id":"${turnId}"}`)
}
