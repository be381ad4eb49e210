// The tasks of a gateway: what the API is asked about, and who keeps them true.

import { systemClock } from '../base/clock.ts'
import type { LiveConfig } from '../config/live-config.ts'
import type { Sessions } from '../session/open-sessions.ts'
import type { Store } from '../store/store.ts'
import { TaskKeeper } from '../tasks/task-keeper.ts'
import { createTaskService } from '../tasks/task-service.ts'
import type { TaskService } from '../tasks/task-service.ts'
import type { GatewayOptions } from './run-gateway.ts'

const DAY_MS = 86_400_000

export interface Tasks {
  readonly service: TaskService
  readonly keeper: TaskKeeper
}

interface Parts extends Pick<GatewayOptions, 'log'> {
  readonly live: LiveConfig
  readonly store: Store
  readonly sessions: Sessions
}

/** Tells nobody before the first look of `keeper`; `scope` ends it. */
export function openTasks({ live, log, store, sessions }: Parts, scope: AsyncDisposableStack): Tasks {
  const limits = live.view(({ tasks }) => ({ retentionMs: tasks.retentionDays * DAY_MS }))
  const service = createTaskService({ store, sessions: sessions.service, limits })
  const keeper = new TaskKeeper({ store, sessions, limits, clock: systemClock, logger: log.logger('tasks') })
  sessions.onTaskDue = () => keeper.look()
  return { service, keeper: scope.use(keeper) }
}
