// /v1/elicitations: the questions of agents that wait for a person, and the answer.

import type { ElicitationId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { ElicitationControl } from '../../session/elicitations/elicitation-control.ts'
import { ElicitationAnswer, ElicitationList, ElicitationListQuery, ElicitationView } from '../../wire/elicitation.ts'
import { elicitationView } from '../elicitation-view.ts'
import { sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { ElicitationParams } from './params.ts'

const PAGE_LIMIT = 100

export function addElicitationRoutes(app: App, context: RouteContext): void {
  const { elicitations } = context
  addListRoute(app, context)
  app.get(
    '/v1/elicitations/:elicitation',
    {
      schema: {
        operationId: 'getElicitation',
        summary: 'A question of an agent, open or closed',
        params: ElicitationParams,
        response: withErrors({ 200: ElicitationView }),
      },
    },
    async ({ params }) => viewOf(context, await elicitations.get(params.elicitation as ElicitationId)),
  )
  app.post(
    '/v1/elicitations/:elicitation',
    {
      schema: {
        operationId: 'answerElicitation',
        summary: 'Answer a question of an agent; the first answer counts, its values go to the agent and are not kept',
        params: ElicitationParams,
        body: ElicitationAnswer,
        response: withErrors({ 200: ElicitationView }),
      },
    },
    async ({ params, body }) => {
      const { action, content, answered_by: by = 'api' } = body
      const answer = action === 'accept' ? { action, content: content as JsonObject | undefined } : { action }
      return viewOf(context, await elicitations.answer(params.elicitation as ElicitationId, answer, by))
    },
  )
}

function addListRoute(app: App, context: RouteContext): void {
  app.get(
    '/v1/elicitations',
    {
      schema: {
        operationId: 'listElicitations',
        summary: 'Questions of agents; state=open are those that wait',
        querystring: ElicitationListQuery,
        response: withErrors({ 200: ElicitationList }),
      },
    },
    async ({ query: { state, session, limit = PAGE_LIMIT } }) => {
      const sessionId = session === undefined ? undefined : await sessionIdOf(context, session)
      const filter = { ...(state !== undefined && { state }), ...(sessionId !== undefined && { sessionId }) }
      const records = await context.elicitations.list(filter, limit)
      return { elicitations: await Promise.all(records.map((record) => viewOf(context, record))) }
    },
  )
}

async function viewOf(
  { service }: RouteContext,
  elicitation: Awaited<ReturnType<ElicitationControl['get']>>,
): Promise<ElicitationView> {
  return elicitationView(elicitation, await service.sessionIdOf(elicitation.sessionNo))
}
