// /v1/sessions/:session/prompts, /turns, /cancel: send a prompt, see what became of it, cancel it.

import { Type } from 'typebox'

import { HoldfastError } from '../../base/errors.ts'
import type { TurnId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { PromptRequest } from '../../session/service.ts'
import {
  CancelCreate,
  CancelEvidence,
  PromptAccepted,
  PromptCreate,
  TurnListQuery,
  TurnPage,
  TurnQuery,
  TurnView,
} from '../../wire/turn.ts'
import { decodeCursor, pageOf } from '../page-cursor.ts'
import { waitTurn } from '../streams/wait-turn.ts'
import { acceptedView, turnView } from '../views.ts'
import { refuseWhileDraining, sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { SessionParams, TurnParams } from './params.ts'

const PAGE_LIMIT = 50

export function addTurnRoutes(app: App, context: RouteContext): void {
  addPrompt(app, context)
  addTurnList(app, context)
  addTurn(app, context)
  app.post(
    '/v1/sessions/:session/cancel',
    {
      schema: {
        operationId: 'cancelTurn',
        summary: 'Cancel one turn, or the active one',
        params: SessionParams,
        body: CancelCreate,
        response: withErrors({ 200: CancelEvidence }),
      },
    },
    async ({ params, body }) => {
      const id = await sessionIdOf(context, params.session)
      const { turns, outcome } = await context.service.cancel(id, body.turn_id as TurnId | undefined)
      return { turns: [...turns], outcome }
    },
  )
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
      const request = toPromptRequest(body, headers['idempotency-key'])
      const id = await sessionIdOf(context, params.session)
      const accepted = await context.service.prompt(id, request)
      return reply.code(202).send(acceptedView(accepted, id))
    },
  )
}

function toPromptRequest(body: PromptCreate, headerKey: string | undefined): PromptRequest {
  const { prompt, on_interrupt: onInterrupt, unattended, expires_at: expiresAt, idempotency_key: bodyKey } = body
  if (headerKey !== undefined && bodyKey !== undefined && headerKey !== bodyKey) {
    throw new HoldfastError('BAD_REQUEST', { reason: 'body/idempotency_key differs from the header Idempotency-Key' })
  }
  const idempotencyKey = headerKey ?? bodyKey
  return {
    prompt: typeof prompt === 'string' ? [{ type: 'text', text: prompt }] : (prompt as JsonObject[]),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(onInterrupt === undefined ? {} : { onInterrupt }),
    ...(unattended === undefined ? {} : { unattended }),
    ...(expiresAt === undefined ? {} : { expiresAt: epochMs(expiresAt) }),
  }
}

function epochMs(text: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new HoldfastError('BAD_REQUEST', { reason: 'body/expires_at is not a time' })
  return ms
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
      return { turns: page.rows.map((turn) => turnView(turn, id)), next_cursor: page.nextCursor }
    },
  )
}

function addTurn(app: App, context: RouteContext): void {
  const { service, streams } = context
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
      if (waitMs === 0 || !streams.beginWait()) {
        const id = await sessionIdOf(context, params.session)
        return turnView(await service.turn(id, turnId), id)
      }
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      try {
        const status = await service.get(params.session)
        const signal = AbortSignal.any([AbortSignal.timeout(waitMs), streams.ended, left.signal])
        return turnView(await waitTurn(context, status, turnId, signal), status.session.id)
      } finally {
        streams.endWait()
      }
    },
  )
}
