// Any line of the agent within a turn, any answer it waited for, and any output of its terminals restarts the silence clock.

import type { JsonObject } from '../../base/json.ts'
import type { Draft } from '../draft.ts'
import { startTask } from '../family/task-rows.ts'
import { forgetFailedStarts } from './start-retry.ts'

export function signOfLife(draft: Draft): void {
  const { active } = draft.state
  if (active !== undefined) draft.state.active = { ...active, lastSignAt: draft.now }
}

/** What agents say of a session when it begins, often after the prompt has left: no sign that they have the prompt. */
const OF_THE_SESSION: ReadonlySet<unknown> = new Set([
  'available_commands_update',
  'current_mode_update',
  'config_option_update',
  'session_info_update',
  'usage_update',
])

/** Index of the first update that only an agent with the prompt sends, or -1. */
export function findProofOfPrompt(updates: readonly string[]): number {
  return updates.findIndex((data) => !OF_THE_SESSION.has((JSON.parse(data) as JsonObject)['sessionUpdate']))
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
