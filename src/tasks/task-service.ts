// What the front doors may ask of tasks: look at them, cancel one. Their rows are written by the sessions.

import type { SessionId, TaskId } from '../base/ids.ts'
import { HoldfastError } from '../base/errors.ts'
import type { CancelEvidence, SessionService } from '../session/service.ts'
import type { StoredTask } from '../store/records.ts'
import type { PageRequest, Store, TaskFilter } from '../store/store.ts'

export interface TaskStatus {
  readonly task: StoredTask
  /** Epoch ms after which the row may be deleted; undefined while the task has not ended. */
  readonly cleanupAfter: number | undefined
}

export interface TaskService {
  /** TASK_NOT_FOUND. */
  get(id: TaskId): Promise<TaskStatus>
  /** Newest first. */
  list(filter: { readonly parent?: SessionId }, page: PageRequest): Promise<TaskStatus[]>
  /** Cancels the turn that the task is. Of a task that has ended: outcome `none`. TASK_NOT_FOUND. */
  cancel(id: TaskId): Promise<CancelEvidence>
}

export interface TaskServicePorts {
  readonly store: Pick<Store, 'findTask' | 'listTasks'>
  readonly sessions: Pick<SessionService, 'cancel'>
  readonly limits: TaskLimits
}

/** Read at each use. */
export interface TaskLimits {
  /** How long a task is kept after its end. */
  readonly retentionMs: number
}

export function createTaskService({ store, sessions, limits }: TaskServicePorts): TaskService {
  const find = async (id: TaskId): Promise<StoredTask> => {
    const task = await store.findTask(id)
    if (task === undefined) throw new HoldfastError('TASK_NOT_FOUND', { task: id })
    return task
  }
  const status = (task: StoredTask): TaskStatus => ({
    task,
    cleanupAfter: task.end === undefined ? undefined : task.end.endedAt + limits.retentionMs,
  })
  return {
    get: async (id) => status(await find(id)),
    list: async (filter: TaskFilter, page) => (await store.listTasks(filter, page)).map(status),
    cancel: async (id) => {
      const { sessionId, turnId, end } = await find(id)
      return end === undefined ? sessions.cancel(sessionId, turnId) : { turns: [], outcome: 'none' }
    },
  }
}
