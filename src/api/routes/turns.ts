// /v1/sessions/:session/prompts, /turns: send a prompt, see what became of it.

import { Type } from 'typebox'

import type { TurnId } from '../../base/ids.ts'
import { PromptAccepted, PromptCreate, TurnListQuery, TurnPage, TurnQuery, TurnView } from '../../wire/turn.ts'
import { decodeCursor, pageOf } from '../page-cursor.ts'
import { toPromptRequest } from '../prompt-request.ts'
import { waitBriefly } from '../streams/wait-turn.ts'
import { acceptedView, shown, turnView } from '../views.ts'
import { refuseWhileDraining, sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { SessionParams, TurnParams } from './params.ts'

const PAGE_LIMIT = 50

export function addTurnRoutes(app: App, context: RouteContext): void {
  addPrompt(app, context)
  addTurnList(app, context)
  addTurn(app, context)
}

const PromptHeaders = Type.Object({ 'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) })

function addPrompt(app: App, context: RouteContext): void {
  app.post(
    '/v1/sessions/:session/prompts',
    {
      schema: {
        operationId: 'createPrompt',
        summary: 'Accept a prompt durably; it runs as one turn',
        params: SessionParams,
        headers: PromptHeaders,
        body: PromptCreate,
        response: withErrors({ 202: PromptAccepted }),
      },
    },
    async ({ params, headers, body }, reply) => {
      refuseWhileDraining(context)
      const request = toPromptRequest(body, headers)
      const id = await sessionIdOf(context, params.session)
      const accepted = await context.service.prompt(id, request)
      return reply.code(202).send(acceptedView(accepted, id))
    },
  )
}

function addTurnList(app: App, context: RouteContext): void {
  app.get(
    '/v1/sessions/:session/turns',
    {
      schema: {
        operationId: 'listTurns',
        summary: 'Turns of a session, newest first',
        params: SessionParams,
        querystring: TurnListQuery,
        response: withErrors({ 200: TurnPage }),
      },
    },
    async ({ params, query: { cursor, limit = PAGE_LIMIT } }) => {
      const id = await sessionIdOf(context, params.session)
      const before = cursor === undefined ? {} : { before: decodeCursor('t', cursor) }
      const rows = await context.service.turns(id, { limit: limit + 1, ...before })
      const page = pageOf(rows, { list: 't', limit, placeOf: (turn) => turn.n })
      return { turns: page.rows.map((turn) => turnView(shown(turn), id)), next_cursor: page.nextCursor }
    },
  )
}

function addTurn(app: App, context: RouteContext): void {
  app.get(
    '/v1/sessions/:session/turns/:turn',
    {
      schema: {
        operationId: 'getTurn',
        summary: 'A turn; with wait_ms when it has ended, or as it is when the time is over',
        params: TurnParams,
        querystring: TurnQuery,
        response: withErrors({ 200: TurnView }),
      },
    },
    async ({ params, query: { wait_ms: waitMs = 0 } }, reply) => {
      const turnId = params.turn as TurnId
      if (waitMs === 0) {
        const id = await sessionIdOf(context, params.session)
        return turnView(await context.service.turn(id, turnId), id)
      }
      const { turn, status } = await waitBriefly(context, { session: params.session, turn: turnId, waitMs }, reply.raw)
      return turnView(turn, status.session.id)
    },
  )
}
