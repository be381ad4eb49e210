// /v1/sessions/{session}: ensure by key, change. What a body says of a session that is made is here too.

import type { DescribeRequest, SessionRequest } from '../../session/service.ts'
import { SessionEnsure, SessionEnsured, SessionPatch, SessionView } from '../../wire/session.ts'
import { sessionView } from '../views.ts'
import { refuseWhileDraining, sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { SessionParams } from './params.ts'

export function addSessionChangeRoutes(app: App, context: RouteContext): void {
  addEnsure(app, context)
  addPatch(app, context)
}

/** What is asked for, but for the key. */
export function sessionRequest(body: SessionEnsure): SessionRequest {
  const { agent, cwd, mode, on_interrupt: onInterrupt, label, parent, notify } = body
  return {
    agent,
    cwd,
    ...(mode === undefined ? {} : { mode }),
    ...(onInterrupt === undefined ? {} : { onInterrupt }),
    ...(label === undefined ? {} : { label }),
    ...(parent === undefined ? {} : { parent }),
    ...(notify === undefined ? {} : { notify }),
  }
}

function addEnsure(app: App, context: RouteContext): void {
  app.put(
    '/v1/sessions/:session',
    {
      schema: {
        operationId: 'ensureSession',
        summary: 'The session that has the key, made if there is none',
        params: SessionParams,
        body: SessionEnsure,
        response: withErrors({ 200: SessionEnsured, 201: SessionEnsured }),
      },
    },
    async ({ params, body }, reply) => {
      refuseWhileDraining(context)
      const { status, created } = await context.service.ensure({ ...sessionRequest(body), key: params.session })
      return reply.code(created ? 201 : 200).send({ session: sessionView(status), created })
    },
  )
}

function addPatch(app: App, context: RouteContext): void {
  app.patch(
    '/v1/sessions/:session',
    {
      schema: {
        operationId: 'changeSession',
        summary: 'Change label, parent or what the parent is told',
        params: SessionParams,
        body: SessionPatch,
        response: withErrors({ 200: SessionView }),
      },
    },
    async ({ params, body }) => {
      const id = await sessionIdOf(context, params.session)
      return sessionView(await context.service.describe(id, describeRequest(body)))
    },
  )
}

function describeRequest({ label, parent, notify }: SessionPatch): DescribeRequest {
  return {
    ...(label === undefined ? {} : { label }),
    ...(parent === undefined ? {} : { parent }),
    ...(notify === undefined ? {} : { notify }),
  }
}
