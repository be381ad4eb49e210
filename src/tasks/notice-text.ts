// What a parent is told of a task: the event in its log, and the words of the prompt when it is to act on it.

import type { JsonObject } from '../base/json.ts'
import type { StoredTask, TaskEnd } from '../store/records.ts'

/** Data of `task.started` and `task.ended`, as JSON text. */
export function noticeData({ id, sessionId, turnId, label, end }: StoredTask): string {
  const task = { task_id: id, session_id: sessionId, turn_id: turnId, label: label ?? null }
  return JSON.stringify(end === undefined ? task : { ...task, ...endView(end) })
}

function endView({ status, outcome, reason, summary, error }: TaskEnd): JsonObject {
  return {
    status,
    outcome: outcome ?? null,
    reason: reason ?? null,
    summary: summary ?? null,
    error: error === undefined ? null : { code: error.code, message: error.message },
  }
}

/** One text block. What the other agent said is set apart: it is a report, not a request of the user. */
export function noticePrompt(task: StoredTask, end: TaskEnd): JsonObject[] {
  const { status, outcome, reason, summary, error } = end
  const name = task.label === undefined ? task.id : `"${task.label}" (${task.id})`
  const how = outcome === 'blocked' ? `could not go on: ${reason}` : SAID[status]
  const lines = [`Background task ${name} ${how}.`]
  if (error !== undefined) lines.push(`Error: ${error.message}`)
  if (summary !== undefined) lines.push('', 'Its last message, as a report:', quoted(summary))
  return [{ type: 'text', text: lines.join('\n') }]
}

const SAID: Readonly<Record<TaskEnd['status'], string>> = {
  succeeded: 'has succeeded',
  failed: 'has failed',
  timed_out: 'has run out of time',
  cancelled: 'was cancelled',
  lost: 'was lost: whether it finished is not known',
}

function quoted(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n')
}
