// Tasks as people read them.

import type { TaskView } from '../../wire/task.ts'
import type { Style } from './style.ts'
import { facts, table } from './table.ts'
import { age } from './time.ts'

export function taskTable(tasks: readonly TaskView[], style: Style, nowMs: number): string {
  const rows = tasks.map((task) => [
    task.id,
    statusOf(task),
    task.label ?? '-',
    age(task.ended_at ?? task.accepted_at, nowMs),
    task.session_id,
    (task.summary ?? task.progress) || '-',
  ])
  return table(['TASK', 'STATUS', 'LABEL', 'AGE', 'SESSION', 'SAYS'], rows, style)
}

export function taskFacts(task: TaskView, style: Style): string {
  return facts(
    [
      ['task', task.id],
      ['status', statusOf(task)],
      ['reason', task.reason],
      ['label', task.label],
      ['parent', task.parent],
      ['session', task.session_id],
      ['turn', task.turn_id],
      ['accepted', task.accepted_at],
      ['started', task.started_at],
      ['ended', task.ended_at],
      ['error', task.error?.message],
      ['notify', task.notify],
      ['delivery', task.delivery],
      ['kept until', task.cleanup_after],
      ['progress', task.ended_at === null ? task.progress || undefined : undefined],
      ['summary', task.summary],
    ],
    style,
  )
}

function statusOf({ status, outcome }: TaskView): string {
  return outcome === 'blocked' ? 'blocked' : status
}
