// /v1/sessions/:session/cancel: asks for the end of a turn, waits for it if wanted, and says what became of it.

import type { TurnId } from '../../base/ids.ts'
import { CancelCreate, CancelEvidence } from '../../wire/turn.ts'
import { waitBriefly } from '../streams/wait-turn.ts'
import { cancelView } from '../views.ts'
import { sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { SessionParams } from './params.ts'

export function addCancelRoute(app: App, context: RouteContext): void {
  app.post(
    '/v1/sessions/:session/cancel',
    {
      schema: {
        operationId: 'cancelTurn',
        summary: 'Cancel one turn, or the active one; with wait_ms the answer says how it ended',
        params: SessionParams,
        body: CancelCreate,
        response: withErrors({ 200: CancelEvidence }),
      },
    },
    async ({ params, body: { turn_id: turnId, wait_ms: waitMs = 0 } }, reply) => {
      const since = Date.now()
      const id = await sessionIdOf(context, params.session)
      const evidence = await context.service.cancel(id, turnId as TurnId | undefined)
      if (evidence.outcome === 'requested') {
        for (const turn of evidence.turns) await waitBriefly(context, { session: id, turn, waitMs }, reply.raw)
      }
      const turns = await Promise.all(evidence.turns.map((turn) => context.service.turn(id, turn)))
      return cancelView(evidence, turns, since)
    },
  )
}
