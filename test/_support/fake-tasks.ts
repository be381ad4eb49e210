// Tasks for tests of the API: one that has succeeded, blocked, and one that runs.

import type { SessionId, TaskId, TurnId } from '../../src/base/ids.ts'
import type { SessionService } from '../../src/session/service.ts'
import type { StoredTask } from '../../src/store/records.ts'
import { createTaskService } from '../../src/tasks/task-service.ts'
import type { TaskService } from '../../src/tasks/task-service.ts'

export const RUNNING: StoredTask = {
  no: 1,
  id: 'task_1' as TaskId,
  parent: 'ses_parent' as SessionId,
  sessionNo: 7,
  sessionId: 'ses_child' as SessionId,
  turnId: 'turn_1' as TurnId,
  label: 'tests',
  status: 'running',
  progress: 'so far',
  notify: 'done_only',
  isDue: false,
  delivery: 'pending',
  acceptedAt: 1_000,
  startedAt: 2_000,
  end: undefined,
  announcedAt: undefined,
  toldAt: undefined,
}

export const BLOCKED: StoredTask = {
  ...RUNNING,
  no: 2,
  id: 'task_2' as TaskId,
  turnId: 'turn_2' as TurnId,
  status: 'succeeded',
  delivery: 'delivered',
  toldAt: 4_000,
  end: {
    status: 'succeeded',
    outcome: 'blocked',
    reason: 'the agent refused',
    summary: 'No.',
    error: undefined,
    endedAt: 3_000,
  },
}

export function fakeTasks(sessions: Pick<SessionService, 'cancel'>): TaskService {
  const tasks = [BLOCKED, RUNNING]
  return createTaskService({
    sessions,
    limits: { retentionMs: 1_000 },
    store: {
      findTask: async (id) => tasks.find((task) => task.id === id),
      listTasks: async ({ parent }, { before = Infinity, limit }) =>
        tasks.filter((task) => task.no < before && (parent === undefined || task.parent === parent)).slice(0, limit),
    },
  })
}
