// /v1/permissions: what waits for an answer, and the answer.

import type { PermissionId } from '../../base/ids.ts'
import { PermissionAnswer, PermissionList, PermissionListQuery, PermissionView } from '../../wire/permission.ts'
import { permissionView } from '../views.ts'
import { sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { PermissionParams } from './params.ts'

const PAGE_LIMIT = 100

export function addPermissionRoutes(app: App, context: RouteContext): void {
  const { service } = context
  app.get(
    '/v1/permissions',
    {
      schema: {
        operationId: 'listPermissions',
        summary: 'Permission requests; state=open are those that wait',
        querystring: PermissionListQuery,
        response: withErrors({ 200: PermissionList }),
      },
    },
    async ({ query: { state, session, limit = PAGE_LIMIT } }) => {
      const filter = {
        ...(state === undefined ? {} : { state }),
        ...(session === undefined ? {} : { sessionId: await sessionIdOf(context, session) }),
      }
      const records = await service.permissions(filter, limit)
      const views = records.map(async (record) => permissionView(record, await service.sessionIdOf(record.sessionNo)))
      return { permissions: await Promise.all(views) }
    },
  )
  app.get(
    '/v1/permissions/:permission',
    {
      schema: {
        operationId: 'getPermission',
        summary: 'A permission request, open or closed',
        params: PermissionParams,
        response: withErrors({ 200: PermissionView }),
      },
    },
    async ({ params }) => {
      const record = await service.permission(params.permission as PermissionId)
      return permissionView(record, await service.sessionIdOf(record.sessionNo))
    },
  )
  app.post(
    '/v1/permissions/:permission',
    {
      schema: {
        operationId: 'answerPermission',
        summary: 'Answer a permission request; the first answer counts',
        params: PermissionParams,
        body: PermissionAnswer,
        response: withErrors({ 200: PermissionView }),
      },
    },
    async ({ params, body }) => {
      const { option_id: optionId, answered_by: answeredBy = 'api', remember, agent_remembers: agentRemembers } = body
      const record = await service.answerPermission(params.permission as PermissionId, {
        optionId,
        answeredBy,
        ...(remember === undefined ? {} : { remember }),
        ...(agentRemembers === undefined ? {} : { agentRemembers }),
      })
      return permissionView(record, await service.sessionIdOf(record.sessionNo))
    },
  )
}
