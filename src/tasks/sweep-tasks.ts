// Repairs and deletes rows of tasks. A task ends with its turn, in one transaction; what is found here went wrong, and is said.

import type { Logger } from '../observe/logger.ts'
import { taskEndOf } from '../session/family/task-end.ts'
import type { StoredTask, TaskEnd } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { TaskLimits } from './task-service.ts'

export interface SweepPorts {
  readonly store: Pick<Store, 'listStrayTasks' | 'findTurn' | 'repairTask' | 'deleteTasks'>
  readonly logger: Logger
  readonly limits: TaskLimits
  now(): number
}

export interface Swept {
  readonly repaired: number
  readonly deleted: number
}

const REPAIRS_MAX = 200
const DELETES_MAX = 500

/** One bounded pass. Rejects when the store fails. */
export async function sweepTasks({ store, logger, limits, now }: SweepPorts): Promise<Swept> {
  const strays = await store.listStrayTasks(REPAIRS_MAX)
  for (const task of strays) {
    const end = await endOfStray(store, task, now())
    logger.warn({ taskId: task.id, turnId: task.turnId, status: end.status }, 'task outlived its turn')
    await store.repairTask(task.turnId, end)
  }
  const deleted = await store.deleteTasks(now() - limits.retentionMs, DELETES_MAX)
  return { repaired: strays.length, deleted }
}

/** As the turn ended; `lost` when there is no turn to ask. */
async function endOfStray(store: SweepPorts['store'], { turnId }: StoredTask, now: number): Promise<TaskEnd> {
  const outcome = (await store.findTurn(turnId))?.outcome
  return taskEndOf(outcome ?? { state: 'interrupted' }, undefined, outcome?.endedAt ?? now)
}
