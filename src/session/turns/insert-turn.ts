// New turns of a session: the row, the event, and the place in the queue.

import type { TurnId } from '../../base/ids.ts'
import type { TurnOrigin, TurnRecord } from '../../store/records.ts'
import type { Draft } from '../draft.ts'
import { openTask } from '../family/task-rows.ts'
import { frontPlace, newPlace } from './queue-order.ts'
import { shownPrompt } from './shown-prompt.ts'
import type { QueuedTurn } from '../state.ts'
import type { TurnDraft } from '../input.ts'

export interface InsertOptions {
  readonly origin: TurnOrigin
  readonly retryOf?: TurnId
  readonly front?: boolean
}

/** Writes a queued turn and puts it into the queue. */
export function insertTurn(
  draft: Draft,
  turn: TurnDraft,
  { origin, retryOf, front = false }: InsertOptions,
): TurnRecord {
  const { queue } = draft.state
  const n = draft.state.lastTurnN + 1
  const place = front ? frontPlace(queue, n) : newPlace(n)
  const record: TurnRecord = { ...newRecord(draft, turn, { n, origin }), state: 'queued', place, retryOf }
  const queued = toQueued(record)
  draft.state.lastTurnN = n
  draft.state.queue = front ? [queued, ...queue] : [...queue, queued]
  draft.write({ kind: 'turn.insert', turn: record })
  openTask(draft, record)
  const head = `{"turn_id":"${turn.turnId}","n":${n},"origin":"${origin}","retry_of":${JSON.stringify(retryOf ?? null)}`
  draft.eventText('turn.queued', turn.turnId, `${head},"prompt":${shownPrompt(turn.prompt)}}`)
  return record
}

/** A turn that nothing has happened to yet. */
export function newRecord(
  { state, now }: Draft,
  turn: TurnDraft,
  { n, origin }: { readonly n: number; readonly origin: TurnOrigin },
): Omit<TurnRecord, 'state' | 'place'> {
  return {
    id: turn.turnId,
    sessionNo: state.sessionNo,
    n,
    origin,
    prompt: turn.prompt,
    meta: turn.meta,
    idempotencyKey: turn.idempotencyKey,
    bodyHash: turn.bodyHash,
    retryOf: undefined,
    onInterrupt: turn.onInterrupt,
    unattended: turn.unattended,
    delivery: 'no',
    generation: undefined,
    acceptedAt: now,
    expiresAt: turn.expiresAt,
    deadlineMs: turn.deadlineMs,
    lane: turn.lane ?? 'interactive',
    dispatchedAt: undefined,
    runningAt: undefined,
    cancelling: undefined,
    outcome: undefined,
  }
}

/** What the queue keeps of a turn; of its failed starts nothing is known in a new life. */
export function toQueued(turn: TurnRecord): QueuedTurn {
  const { id: turnId, n, place = newPlace(n), origin } = turn
  const { prompt, meta, onInterrupt, unattended, expiresAt, deadlineMs, lane } = turn
  const asked = { prompt, meta, onInterrupt, unattended, expiresAt, deadlineMs, lane }
  return { turnId, n, place, origin, ...asked, startsFailed: 0 }
}
