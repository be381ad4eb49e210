// /v1/sessions/{session}/reset: the agent's own defaults again, or another conversation.

import { SessionReset } from '../../wire/options.ts'
import { SessionResetDone } from '../../wire/session.ts'
import { sessionView } from '../views.ts'
import { refuseWhileDraining, sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { SessionParams } from './params.ts'

export function addSessionResetRoute(app: App, context: RouteContext): void {
  const { service } = context
  app.post(
    '/v1/sessions/:session/reset',
    {
      schema: {
        operationId: 'resetSession',
        summary: 'Clear the options, or begin another conversation; answers when no process with the old ones is left',
        params: SessionParams,
        body: SessionReset,
        response: withErrors({ 200: SessionResetDone }),
      },
    },
    async ({ params, body }) => {
      refuseWhileDraining(context)
      const id = await sessionIdOf(context, params.session)
      const { stopped, cleared } = await service.reset(id, { what: body.what, force: body.force ?? false })
      return {
        session: sessionView(await service.get(id)),
        stopped: stopped === undefined ? null : { ...stopped, survivors: [...stopped.survivors] },
        cleared: [...cleared],
      }
    },
  )
}
