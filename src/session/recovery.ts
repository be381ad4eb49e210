// The first transition of an actor's life: what an earlier life of the gateway left open (reliability: crash points of a turn).

import type { TurnRecord } from '../store/records.ts'
import { requestCancel } from './turns/cancel.ts'
import { recoverElicitations, tellAnswers } from './elicitations/recover-elicitations.ts'
import { beginClosing } from './closing.ts'
import { decideLost } from './terms/conversation.ts'
import { decideLogin } from './terms/login.ts'
import type { Draft } from './draft.ts'
import { endActive, endInterrupted, endOfCancelled, endQueued } from './turns/end-turn.ts'
import { insertTurn, toQueued } from './turns/insert-turn.ts'
import { takeLanePass } from './agents/lane-pass.ts'
import { isOwnTurn } from './turns/own-turn.ts'
import { reopenPermission, tellOutcome, writeClosed } from './permissions/permissions.ts'
import { pump } from './turns/queue.ts'
import { frontPlace } from './turns/queue-order.ts'
import type { ActiveTurn, QueuedTurn } from './state.ts'
import type { AttachedAgent, CallerInput, OpenedInput } from './input.ts'

/**
 * Queued turns stay queued in order. A claimed turn that was provably not sent goes back to the front. With the agent that has
 * its prompt a turn goes on; without, a turn that may have been sent ends `interrupted` and is never sent again by itself (S5).
 */
export function recoverSession(draft: Draft, opened: OpenedInput): void {
  draft.state.spareTurnId = opened.spareTurnId
  draft.state.report = opened.report
  draft.state.isPaused = opened.isPaused ?? false
  if (opened.draining !== undefined) draft.state.phase = { kind: 'draining', ...opened.draining }
  if (opened.attached !== undefined) attachAgent(draft, opened.attached)
  recoverPermissions(draft, opened)
  recoverElicitations(draft, opened)
  const turns = opened.turns.map((turn) => ({ turn, queued: toQueued(turn), fate: fateOf(turn, opened.attached) }))
  const waiting = turns.filter(({ fate }) => fate === 'queued').map(({ queued }) => queued)
  draft.state.queue = waiting.toSorted((a, b) => a.place - b.place)
  for (const { turn, queued, fate } of turns) {
    if (fate === 'unsent') requeueUnsent(draft, queued)
    if (fate === 'out')
      goOn(draft, { turn, queued, compacting: opened.attached?.compacting ?? [], isClosing: opened.closing })
    if (fate === 'cancelled') endUnsent(draft, turn, queued)
    if (fate === 'lost') endInterrupted(draft, queued, turn.delivery)
  }
  // After a cancel that is asked for again: see requestCancel.
  for (const permission of opened.attached?.untold ?? []) tellOutcome(draft, permission)
  tellAnswers(draft, opened)
  if (opened.closing || isSpent(draft)) beginClosing(draft)
  pump(draft)
  const count = (wanted: Fate): number => turns.filter(({ fate }) => fate === wanted).length
  draft.reply(opened.reply, { kind: 'opened', turns: { takenOver: count('out'), interrupted: count('lost') } })
}

/** The process goes on as the one of this session; what it says is heard when this transition is stored. */
function attachAgent(draft: Draft, attached: AttachedAgent): void {
  const { generation, pid, line, isOutdated, turnId } = attached
  draft.state.agent = { kind: 'ready', generation, pid, isRetiring: attached.isRetiring || isOutdated }
  draft.state.lastEndAt = draft.now // when it was is not known: what was on its way may be late
  draft.event('agent.attached', turnId, { generation, pid, line })
  if (isOutdated) draft.event('agent.retired', undefined, { generation, reason: 'definition_changed' })
  draft.effect({ kind: 'agent.listen', generation })
}

/** Who asked is still there and waits, or is gone. */
function recoverPermissions(draft: Draft, { openPermissions, attached }: OpenedInput): void {
  for (const permission of openPermissions) {
    if (permission.generation === attached?.generation) reopenPermission(draft, permission)
    else writeClosed(draft, permission.id, permission.turnId, { state: 'void' })
  }
}

/** `unsent`: provably not with an agent. `cancelled`: the same, and somebody wanted it to end. `out`: its agent is here. `lost`: it is not. */
type Fate = 'queued' | 'unsent' | 'cancelled' | 'out' | 'lost'

function fateOf(turn: TurnRecord, attached: AttachedAgent | undefined): Fate {
  if (turn.state === 'queued') return 'queued'
  if (turn.state === 'dispatching' && turn.delivery === 'no') return 'unsent'
  if (attached === undefined || turn.generation !== attached.generation) return 'lost'
  if (turn.state === 'running' || attached.turnId === turn.id) return 'out'
  return turn.cancelling === undefined || turn.cancelling.reason === 'drain' ? 'unsent' : 'cancelled'
}

function requeueUnsent(draft: Draft, turn: QueuedTurn): void {
  const { turnId, n } = turn
  const { queue } = draft.state
  const place = frontPlace(queue, n)
  draft.state.queue = [{ ...turn, place }, ...queue]
  draft.write({ kind: 'turn.patch', turnId, patch: { state: 'queued', delivery: 'no', place } })
  draft.event('turn.requeued', turnId, { turn_id: turnId, reason: 'the gateway ended before it was sent' })
}

interface Out {
  readonly turn: TurnRecord
  readonly queued: QueuedTurn
  readonly compacting: readonly string[]
  readonly isClosing: boolean
}

/** A cancel that was under way is asked for again, with the grace it had: whether the agent got it is not known. */
function goOn(draft: Draft, { turn, queued, compacting, isClosing }: Out): void {
  const stage = turn.state === 'running' ? 'running' : 'sent'
  const active = { ...asActive(draft, turn, queued), stage, compacting, cancelling: turn.cancelling } as const
  draft.state.active = active
  if (!isOwnTurn(active)) takeLanePass(draft, active.lane)
  if (active.cancelling !== undefined && !isClosing) requestCancel(draft, active, active.cancelling.reason)
}

function endUnsent(draft: Draft, turn: TurnRecord, queued: QueuedTurn): void {
  const reason = turn.cancelling?.reason ?? 'user'
  endActive(draft, { ...asActive(draft, turn, queued), stage: 'waiting' }, endOfCancelled(draft, queued, reason))
}

/** Bytes and updates are counted anew. */
function asActive({ now }: Draft, { dispatchedAt = now }: TurnRecord, queued: QueuedTurn): Omit<ActiveTurn, 'stage'> {
  return {
    ...queued,
    sentAt: dispatchedAt,
    lastSignAt: now,
    bytes: 0,
    events: 0,
    openTools: [],
    compacting: [],
    cancelling: undefined,
  }
}

/** Somebody decides about the interrupted turn that holds the queue. */
export function resumeSession(
  draft: Draft,
  { reply, action, draft: turn }: Extract<CallerInput, { kind: 'resume' }>,
): void {
  const { state } = draft
  if (state.terms.login !== undefined) return decideLogin(draft, { kind: 'resume', reply, action, draft: turn })
  if (state.terms.conversation.isLost) return decideLost(draft, { kind: 'resume', reply, action, draft: turn })
  const interrupted = state.blockedBy
  if (interrupted !== undefined && action === 'fresh') {
    return draft.refuse(reply, 'ACTION_NOT_OFFERED', { action, actions: ['continue', 'retry', 'discard'] })
  }
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
