// How a turn's end reads as the end of its task.

import type { StoredError } from '../../base/errors.ts'
import type { TaskEnd, TaskEndStatus, TurnEndState } from '../../store/records.ts'
import { blockedReason } from './blocked.ts'
import type { TaskReport } from './report.ts'

/** `expired`: nobody worked on it in the time it was given. `interrupted`: whether the agent finished is not known. */
const STATUS: Readonly<Record<TurnEndState, TaskEndStatus>> = {
  completed: 'succeeded',
  cancelled: 'cancelled',
  failed: 'failed',
  timed_out: 'timed_out',
  interrupted: 'lost',
  expired: 'timed_out',
}

interface Ended {
  readonly state: TurnEndState
  readonly stopReason?: string | undefined
  readonly error?: StoredError | undefined
}

/** `report`: what was heard in the turn, if it ran. `endedAt`: epoch ms. */
export function taskEndOf(
  { state, stopReason, error }: Ended,
  report: TaskReport | undefined,
  endedAt: number,
): TaskEnd {
  const status = STATUS[state]
  const words = report?.words ?? ''
  const summary = words.trim() === '' ? undefined : words.trim()
  const common = { status, summary, error, endedAt }
  if (status !== 'succeeded') return { ...common, outcome: undefined, reason: undefined }
  const { refused, isAllowed = false } = report ?? {}
  const reason = blockedReason({ stopReason, refused, isAllowed, words })
  return { ...common, outcome: reason === undefined ? 'succeeded' : 'blocked', reason }
}
