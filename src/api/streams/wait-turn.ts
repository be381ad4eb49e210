// Waits for the end of a turn by following the log from before the turn was read, so that no end can be missed.

import type { ServerResponse } from 'node:http'

import type { SessionService, SessionStatus } from '../../session/service.ts'
import type { EventLog } from '../../events/event-log.ts'
import type { Streams } from './streams.ts'

type TurnRecord = Awaited<ReturnType<SessionService['turn']>>
type TurnId = TurnRecord['id']

interface Sources {
  readonly service: SessionService
  readonly events: EventLog
}

export interface BriefWait {
  /** Id or key. */
  readonly session: string
  readonly turn: TurnId
  /** 0: no wait. */
  readonly waitMs: number
}

/**
 * The turn when it has ended, or as it is after the time, when the caller behind `response` is gone, or at once when too many wait.
 */
export async function waitBriefly(
  context: Sources & { readonly streams: Streams },
  { session, turn, waitMs }: BriefWait,
  response: ServerResponse,
): Promise<{ turn: TurnRecord; status: SessionStatus }> {
  const { service, streams } = context
  const status = await service.get(session)
  if (waitMs === 0 || !streams.beginWait()) return { turn: await service.turn(status.session.id, turn), status }
  const left = new AbortController()
  response.once('close', () => left.abort())
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(waitMs), streams.ended, left.signal])
    return { turn: await waitTurn(context, status, turn, signal), status }
  } finally {
    streams.endWait()
  }
}

/** The turn when it has ended, or as it is when `signal` aborts. */
async function waitTurn(
  { service, events }: Sources,
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
