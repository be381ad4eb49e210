// /v1/sessions/:session/queue, and changes of the prompts in it.

import { HoldfastError } from '../../base/errors.ts'
import type { TurnId } from '../../base/ids.ts'
import type { TurnEdit as Edit } from '../../session/service.ts'
import { QueueView, TurnEdit, TurnView } from '../../wire/turn.ts'
import { blocksOf, epochMs } from '../prompt-request.ts'
import { queueView, turnView } from '../views.ts'
import { refuseWhileDraining, sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { SessionParams, TurnParams } from './params.ts'

export function addQueueRoutes(app: App, context: RouteContext): void {
  const { service } = context
  app.get(
    '/v1/sessions/:session/queue',
    {
      schema: {
        operationId: 'getQueue',
        summary: 'The prompts that wait, in the order in which they will run',
        params: SessionParams,
        response: withErrors({ 200: QueueView }),
      },
    },
    async ({ params }) => {
      const id = await sessionIdOf(context, params.session)
      return queueView(await service.queued(id), id)
    },
  )
  app.patch(
    '/v1/sessions/:session/turns/:turn',
    {
      schema: {
        operationId: 'editTurn',
        summary: 'Change a prompt that waits: its text, when it expires, its place; all or nothing',
        params: TurnParams,
        body: TurnEdit,
        response: withErrors({ 200: TurnView }),
      },
    },
    async ({ params, body }) => {
      refuseWhileDraining(context)
      const id = await sessionIdOf(context, params.session)
      return turnView(await service.editTurn(id, params.turn as TurnId, toEdit(body)), id)
    },
  )
}

function toEdit({ prompt, expires_at: expiresAt, position, before }: TurnEdit): Edit {
  if (position !== undefined && before !== undefined)
    throw new HoldfastError('BAD_REQUEST', { reason: 'body/position and body/before cannot both be given' })
  const place = position === undefined ? undefined : ({ kind: 'position', position } as const)
  const to = before === undefined ? place : ({ kind: 'before', turnId: before as TurnId } as const)
  return {
    ...(prompt !== undefined && { prompt: blocksOf(prompt) }),
    ...(expiresAt !== undefined && { expiresAt: expiresAt === null ? null : epochMs(expiresAt) }),
    ...(to !== undefined && { to }),
  }
}
