// Waits for the end of a turn by following the log from before the turn was read, so that no end can be missed.

import type { SessionService, SessionStatus } from '../../session/service.ts'
import type { EventLog } from '../../events/event-log.ts'

type TurnRecord = Awaited<ReturnType<SessionService['turn']>>
type TurnId = TurnRecord['id']

/** The turn when it has ended, or as it is when `signal` aborts. */
export async function waitTurn(
  { service, events }: { service: SessionService; events: EventLog },
  { session }: SessionStatus,
  turnId: TurnId,
  signal: AbortSignal,
): Promise<TurnRecord> {
  const turn = await service.turn(session.id, turnId)
  if (turn.outcome !== undefined || signal.aborted) return turn
  for await (const batch of events.subscribe(session.no, session.lastSeq, signal)) {
    if (batch.some((event) => event.type === 'turn.ended' && event.turnId === turnId)) break
  }
  return service.turn(session.id, turnId)
}
