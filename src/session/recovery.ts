// The first transition of an actor's life: what an earlier life of the gateway left open (reliability: crash points of a turn).

import type { TurnRecord } from '../store/records.ts'
import { beginClosing } from './closing.ts'
import type { Draft } from './draft.ts'
import { endInterrupted, endQueued } from './end-turn.ts'
import { writeClosed } from './permissions.ts'
import { insertTurn, pump } from './queue.ts'
import type { CallerInput, OpenedInput, QueuedTurn } from './state.ts'

/**
 * Queued turns stay queued in order. A claimed turn that was provably not sent goes back to the front.
 * A turn that may have reached the agent ends `interrupted` and is never sent again by itself (S5).
 */
export function recoverSession(draft: Draft, opened: OpenedInput): void {
  for (const permission of opened.openPermissions)
    writeClosed(draft, permission.id, permission.turnId, { state: 'void' })
  const turns = opened.turns.map((turn) => ({ turn, queued: asQueued(turn) }))
  const isUnsent = (turn: TurnRecord): boolean => turn.state === 'dispatching' && turn.delivery === 'no'
  const waiting = turns.filter(({ turn }) => turn.state === 'queued' || isUnsent(turn))
  draft.state.queue = waiting.toSorted((a, b) => rank(a.turn) - rank(b.turn)).map(({ queued }) => queued)
  for (const { turn, queued } of turns) {
    if (isUnsent(turn)) {
      draft.write({ kind: 'turn.patch', turnId: turn.id, patch: { state: 'queued' } })
      draft.event('turn.requeued', turn.id, { turn_id: turn.id, reason: 'the gateway ended before it was sent' })
    } else if (turn.state !== 'queued') {
      endInterrupted(draft, queued, turn.delivery, opened.spareTurnId)
    }
  }
  if (opened.closing || isSpent(draft)) beginClosing(draft)
  pump(draft)
  draft.reply(opened.reply, { kind: 'opened' })
}

/** Somebody decides about the interrupted turn that holds the queue. */
export function resumeSession(
  draft: Draft,
  { reply, action, draft: turn }: Extract<CallerInput, { kind: 'resume' }>,
): void {
  const { state } = draft
  const interrupted = state.blockedBy
  if (interrupted !== undefined) {
    state.blockedBy = undefined
    draft.write({ kind: 'session.patch', patch: { blockedBy: null } })
    draft.event('session.resumed', interrupted, { turn_id: interrupted, action })
    if (action === 'retry' && turn !== undefined) {
      insertTurn(draft, turn, { origin: 'retry', retryOf: interrupted, front: true })
    }
    if (action === 'discard') for (const queued of state.queue) endQueued(draft, queued, 'cancelled')
    if (isSpent(draft)) beginClosing(draft)
    pump(draft)
  }
  draft.reply(reply, { kind: 'resume' })
}

/** A one-shot session whose turn is over and that nobody has to decide about. */
function isSpent({ state }: Draft): boolean {
  const isIdle = state.queue.length === 0 && state.active === undefined && state.blockedBy === undefined
  return state.mode === 'oneshot' && isIdle && state.lastTurnN > 0
}

/** A claimed turn was at the front, a retry is put there; the rest keeps its accept order (the sort is stable). */
function rank(turn: TurnRecord): number {
  return turn.state === 'dispatching' ? 0 : turn.origin === 'retry' ? 1 : 2
}

function asQueued(turn: TurnRecord): QueuedTurn {
  const { id: turnId, n, origin, prompt, onInterrupt, expiresAt } = turn
  return { turnId, n, origin, prompt, onInterrupt, expiresAt }
}
