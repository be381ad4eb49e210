// A task as the wire has it.

import type { TaskStatus } from '../tasks/task-service.ts'
import type { TaskView } from '../wire/task.ts'
import { errorView, timeOrNull, timeText } from './views.ts'

export function taskView({ task, cleanupAfter }: TaskStatus): TaskView {
  const { end } = task
  return {
    id: task.id,
    parent: task.parent,
    session_id: task.sessionId,
    turn_id: task.turnId,
    label: task.label ?? null,
    status: task.status,
    outcome: end?.outcome ?? null,
    reason: end?.reason ?? null,
    progress: task.progress,
    summary: end?.summary ?? null,
    error: end?.error === undefined ? null : errorView(end.error),
    notify: task.notify,
    delivery: task.delivery,
    accepted_at: timeText(task.acceptedAt),
    started_at: timeOrNull(task.startedAt),
    ended_at: timeOrNull(end?.endedAt),
    delivered_at: timeOrNull(task.toldAt),
    cleanup_after: timeOrNull(cleanupAfter),
  }
}
