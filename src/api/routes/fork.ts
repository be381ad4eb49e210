// /v1/sessions/{session}/fork: a new session that begins with what was said in this one.

import { SessionFork } from '../../wire/fork.ts'
import { SessionEnsured } from '../../wire/session.ts'
import { sessionView } from '../views.ts'
import { refuseWhileDraining, sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { SessionParams } from './params.ts'

export function addForkRoute(app: App, context: RouteContext): void {
  app.post(
    '/v1/sessions/:session/fork',
    {
      schema: {
        operationId: 'forkSession',
        summary: 'Make a session that begins with what was said in this one, or get the one that has the key',
        params: SessionParams,
        body: SessionFork,
        response: withErrors({ 200: SessionEnsured, 201: SessionEnsured }),
      },
    },
    async ({ params, body }, reply) => {
      refuseWhileDraining(context)
      const { status, created } = await context.service.fork(await sessionIdOf(context, params.session), body)
      return reply.code(created ? 201 : 200).send({ session: sessionView(status), created })
    },
  )
}
