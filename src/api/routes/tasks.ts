// /v1/tasks: the turns of a session's children, as the session sees them.

import type { TaskId } from '../../base/ids.ts'
import { TaskListQuery, TaskPage, TaskView } from '../../wire/task.ts'
import { CancelEvidence } from '../../wire/turn.ts'
import { decodeCursor, pageOf } from '../page-cursor.ts'
import { taskView } from '../task-view.ts'
import { cancelView } from '../views.ts'
import { sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { TaskParams } from './params.ts'

const PAGE_LIMIT = 50

export function addTaskRoutes(app: App, context: RouteContext): void {
  const { tasks, service } = context
  app.get(
    '/v1/tasks',
    {
      schema: {
        operationId: 'listTasks',
        summary: 'Tasks of a session, or of all, newest first',
        querystring: TaskListQuery,
        response: withErrors({ 200: TaskPage }),
      },
    },
    async ({ query: { parent, cursor, limit = PAGE_LIMIT } }) => {
      const filter = parent === undefined ? {} : { parent: await sessionIdOf(context, parent) }
      const before = cursor === undefined ? {} : { before: decodeCursor('k', cursor) }
      const rows = await tasks.list(filter, { limit: limit + 1, ...before })
      const page = pageOf(rows, { list: 'k', limit, placeOf: ({ task }) => task.no })
      return { tasks: page.rows.map(taskView), next_cursor: page.nextCursor }
    },
  )
  app.get(
    '/v1/tasks/:task',
    {
      schema: {
        operationId: 'getTask',
        summary: 'A task',
        params: TaskParams,
        response: withErrors({ 200: TaskView }),
      },
    },
    async ({ params }) => taskView(await tasks.get(params.task as TaskId)),
  )
  app.post(
    '/v1/tasks/:task/cancel',
    {
      schema: {
        operationId: 'cancelTask',
        summary: 'Cancel the turn that the task is',
        params: TaskParams,
        response: withErrors({ 200: CancelEvidence }),
      },
    },
    async ({ params }) => {
      const since = Date.now()
      const evidence = await tasks.cancel(params.task as TaskId)
      const { task } = await tasks.get(params.task as TaskId)
      const turns = await Promise.all(evidence.turns.map((turn) => service.turn(task.sessionId, turn)))
      return cancelView(evidence, turns, since)
    },
  )
}
