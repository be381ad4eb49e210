// How a turn ends: the one place that writes a terminal row. Says also what an interruption does to the session.

import { ERRORS, HoldfastError, toStoredError } from '../../base/errors.ts'
import type { StoredError } from '../../base/errors.ts'
import type { TurnId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { CancelReason, Delivery, OnInterrupt, TurnEndState } from '../../store/records.ts'
import type { Draft } from '../draft.ts'
import { endTask } from '../family/task-rows.ts'
import { restartChangeClock } from '../terms/option-changes.ts'
import { closeRequests } from './close-requests.ts'
import { insertTurn } from './insert-turn.ts'
import type { ActiveTurn, QueuedTurn } from '../state.ts'
import { deliveryOf } from '../state.ts'
import { turnMsOf } from './turn-limit.ts'

export interface TurnEnd {
  readonly state: TurnEndState
  readonly stopReason?: string
  readonly forced?: boolean
  readonly error?: StoredError
  readonly usage?: JsonObject | undefined
}

/** Ends a turn that was never claimed. Delivery is provably `no`. */
export function endQueued(draft: Draft, turn: QueuedTurn, state: 'cancelled' | 'expired'): void {
  draft.state.queue = draft.state.queue.filter((other) => other.turnId !== turn.turnId)
  writeEnd(draft, turn.turnId, 'no', { state })
  if (draft.state.mode === 'oneshot') enterClosing(draft)
}

/** Ends the active turn; what is asked in it ends with it. */
export function endActive(draft: Draft, active: ActiveTurn, end: TurnEnd): void {
  restartChangeClock(draft)
  closeRequests(draft, end.state === 'cancelled' ? 'cancelled' : 'void')
  draft.state.active = undefined
  draft.state.lastEndAt = draft.now
  writeEnd(draft, active.turnId, deliveryOf(active.stage), end)
  const { phase, mode } = draft.state
  if (end.state === 'interrupted' && phase.kind !== 'closing') applyInterruption(draft, active)
  else if (mode === 'oneshot') enterClosing(draft)
}

/** A one-shot session ends with its turn, whatever the outcome and wherever the turn was; nothing else can be queued in it. */
function enterClosing(draft: Draft): void {
  if (draft.state.phase.kind !== 'open' && draft.state.phase.kind !== 'draining') return
  draft.state.phase = { kind: 'closing' }
  draft.write({ kind: 'session.patch', patch: { state: 'closing' } })
}

/** Ends a turn that an earlier life of the gateway had handed out: its agent, and what it did since, are unknown. */
export function endInterrupted(draft: Draft, turn: QueuedTurn, delivery: Delivery): void {
  const error = toStoredError(new HoldfastError('TURN_INTERRUPTED', { reason: 'the end of the gateway', delivery }))
  writeEnd(draft, turn.turnId, delivery, { state: 'interrupted', error })
  applyInterruption(draft, turn)
}

/** The terminal state that a cancel for `reason` leads to. */
export function endOfCancelled(
  draft: Draft,
  { deadlineMs }: Pick<ActiveTurn, 'deadlineMs'>,
  reason: CancelReason,
): TurnEnd {
  switch (reason) {
    case 'user':
    case 'interrupt':
    case 'close':
      return { state: 'cancelled' }
    case 'silence':
      return { state: 'timed_out', error: timedOut('silence', draft.limits.silenceMs) }
    case 'turn':
      return { state: 'timed_out', error: timedOut('turn', deadlineMs ?? turnMsOf(draft.state, draft.limits)) }
    case 'drain':
      return {
        state: 'interrupted',
        error: toStoredError(new HoldfastError('TURN_INTERRUPTED', { reason: 'drain', delivery: 'yes' })),
      }
    case 'permission':
      return { state: 'failed', error: toStoredError(new HoldfastError('PERMISSION_NEEDED')) }
    case 'elicitation':
      return { state: 'failed', error: toStoredError(new HoldfastError('ELICITATION_NEEDED')) }
    case 'output':
      return {
        state: 'failed',
        error: toStoredError(
          new HoldfastError('TURN_OUTPUT_LIMIT', {
            limit: `${draft.limits.turnBytesMax} bytes or ${draft.limits.turnEventsMax} updates`,
          }),
        ),
      }
    default:
      return reason satisfies never
  }
}

function timedOut(stage: string, ms: number): StoredError {
  return toStoredError(new HoldfastError('TURN_TIMED_OUT', { stage, seconds: ms / 1000 }))
}

/**
 * What an interrupted turn does to its session: `hold` blocks the queue until somebody decides, `continue` runs it on,
 * `retry` puts a new turn with the same prompt in front. Never the same turn again (S5).
 */
function applyInterruption(draft: Draft, turn: QueuedTurn): void {
  const policy: OnInterrupt = turn.onInterrupt ?? draft.state.onInterrupt
  const { spareTurnId } = draft.state
  if (policy === 'hold') block(draft, turn.turnId)
  if (policy === 'retry' && spareTurnId !== undefined) {
    draft.state.spareTurnId = undefined
    const { prompt, meta, onInterrupt, unattended, expiresAt, deadlineMs, lane } = turn
    const asked = { prompt, meta, onInterrupt, unattended, expiresAt, deadlineMs, lane }
    insertTurn(
      draft,
      { turnId: spareTurnId, bodyHash: '', idempotencyKey: undefined, ...asked },
      { origin: 'retry', retryOf: turn.turnId, front: true },
    )
  }
}

function block(draft: Draft, turnId: TurnId): void {
  draft.state.blockedBy = turnId
  draft.write({ kind: 'session.patch', patch: { blockedBy: turnId } })
  draft.event('session.blocked', turnId, {
    turn_id: turnId,
    reason: 'interrupted',
    actions: ['continue', 'retry', 'discard'],
  })
}

function writeEnd(draft: Draft, turnId: TurnId, delivery: Delivery, end: TurnEnd): void {
  const outcome = {
    state: end.state,
    delivery,
    stopReason: end.stopReason,
    forced: end.forced ?? false,
    error: end.error,
    usage: end.usage,
    endedAt: draft.now,
  }
  draft.write({ kind: 'turn.end', turnId, outcome })
  endTask(draft, turnId, end)
  draft.event('turn.ended', turnId, {
    turn_id: turnId,
    state: end.state,
    delivery,
    stop_reason: end.stopReason ?? null,
    forced: outcome.forced,
    error: end.error === undefined ? null : { ...end.error, retryable: ERRORS[end.error.code].retryable },
    usage: end.usage ?? null,
  })
}
