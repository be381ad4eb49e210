// /v1/sessions: make, list, look at, resume, close.

import type { SessionId } from '../../base/ids.ts'
import type { SessionService } from '../../session/service.ts'
import {
  SessionClosed,
  SessionCloseQuery,
  SessionCreate,
  SessionDetail,
  SessionEnsured,
  SessionListQuery,
  SessionPage,
  SessionResume,
  SessionView,
} from '../../wire/session.ts'
import { decodeCursor, pageOf } from '../page-cursor.ts'
import { closedView, sessionDetail, sessionView } from '../views.ts'
import { refuseWhileDraining, sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { sessionRequest } from './session-change.ts'
import { SessionParams } from './params.ts'

const PAGE_LIMIT = 50

export function addSessionRoutes(app: App, context: RouteContext): void {
  addCreate(app, context)
  addList(app, context)
  const { service } = context
  app.get(
    '/v1/sessions/:session',
    {
      schema: {
        operationId: 'getSession',
        summary: 'A session, by id or key',
        params: SessionParams,
        response: withErrors({ 200: SessionDetail }),
      },
    },
    async ({ params }) => sessionDetail(await service.get(params.session)),
  )
  app.post(
    '/v1/sessions/:session/resume',
    {
      schema: {
        operationId: 'resumeSession',
        summary: 'Free a session that an interrupted turn or a lost conversation holds',
        params: SessionParams,
        body: SessionResume,
        response: withErrors({ 200: SessionView }),
      },
    },
    async ({ params, body }) => {
      refuseWhileDraining(context)
      return sessionView(await service.resume(await sessionIdOf(context, params.session), body.action))
    },
  )
  addClose(app, context)
}

function addCreate(app: App, context: RouteContext): void {
  app.post(
    '/v1/sessions',
    {
      schema: {
        operationId: 'createSession',
        summary: 'Make a session, or get the one that has the key',
        body: SessionCreate,
        response: withErrors({ 200: SessionEnsured, 201: SessionEnsured }),
      },
    },
    async ({ body }, reply) => {
      refuseWhileDraining(context)
      const { key } = body
      const request = { ...sessionRequest(body), ...(key === undefined ? {} : { key }) }
      const { status, created } = await context.service.ensure(request)
      return reply.code(created ? 201 : 200).send({ session: sessionView(status), created })
    },
  )
}

function addList(app: App, context: RouteContext): void {
  const { service } = context
  app.get(
    '/v1/sessions',
    {
      schema: {
        operationId: 'listSessions',
        summary: 'Sessions, newest first',
        querystring: SessionListQuery,
        response: withErrors({ 200: SessionPage }),
      },
    },
    async ({ query }) => {
      const { state, agent, blocked, parent, label, cursor, limit = PAGE_LIMIT } = query
      const filter: Parameters<SessionService['list']>[0] = {
        ...(state === undefined ? {} : { state }),
        ...(agent === undefined ? {} : { agent }),
        ...(blocked === undefined ? {} : { blocked }),
        ...(parent === undefined ? {} : { parent: await sessionIdOf(context, parent) }),
        ...(label === undefined ? {} : { label }),
      }
      const before = cursor === undefined ? {} : { before: decodeCursor('s', cursor) }
      const rows = await service.list(filter, { limit: limit + 1, ...before })
      const page = pageOf(rows, { list: 's', limit, placeOf: ({ session }) => session.no })
      return { sessions: page.rows.map(sessionView), next_cursor: page.nextCursor }
    },
  )
}

function addClose(app: App, context: RouteContext): void {
  const { service } = context
  const schema = {
    summary: 'Cancel what runs, end its processes, close the session; answers when no process is left',
    params: SessionParams,
    querystring: SessionCloseQuery,
    response: withErrors({ 200: SessionClosed }),
  } as const
  const close = async (idOrKey: string, query: SessionCloseQuery): Promise<SessionClosed> => {
    const id: SessionId = await sessionIdOf(context, idOrKey)
    const { delete_conversation: deleteConversation = false } = query
    const evidence = await service.close(id, { deleteConversation })
    return closedView(evidence, await service.get(id))
  }
  app.post(
    '/v1/sessions/:session/close',
    { schema: { ...schema, operationId: 'closeSession' } },
    async ({ params, query }) => close(params.session, query),
  )
  app.delete(
    '/v1/sessions/:session',
    { schema: { ...schema, operationId: 'deleteSession' } },
    async ({ params, query }) => close(params.session, query),
  )
}
