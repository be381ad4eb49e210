// The queue of a session: accept, claim, dispatch. At most one turn is out of the queue (S2).

import type { TurnId } from '../base/ids.ts'
import type { TurnOrigin, TurnRecord } from '../store/records.ts'
import { toContinue, useConversation, whenLost } from './conversation.ts'
import type { Draft } from './draft.ts'
import { advanceChanges } from './option-changes.ts'
import { wantedOptions } from './options.ts'
import { settleResets } from './reset.ts'
import { openTask } from './family/task-rows.ts'
import type { ActiveTurn, QueuedTurn, ReplyTo, TurnDraft } from './state.ts'
import { stopAgent } from './stop-agent.ts'

export interface InsertOptions {
  readonly origin: TurnOrigin
  readonly retryOf?: TurnId
  readonly front?: boolean
}

/** Accepts a prompt, or says why not. The answer is an effect: it leaves after the commit (S1). */
export function acceptPrompt(draft: Draft, reply: ReplyTo, turn: TurnDraft): void {
  const { state, limits } = draft
  if (state.phase.kind === 'draining') return draft.refuse(reply, 'GATEWAY_DRAINING')
  if (state.phase.kind !== 'open') return draft.refuse(reply, 'SESSION_CLOSED')
  if (state.mode === 'oneshot' && state.lastTurnN > 0) return draft.refuse(reply, 'SESSION_ONESHOT')
  if (state.queue.length >= limits.queueDepthMax)
    return draft.refuse(reply, 'QUEUE_FULL', { depthMax: limits.queueDepthMax })
  const record = insertTurn(draft, turn, { origin: 'user' })
  pump(draft)
  const position = positionOf(draft, turn.turnId)
  draft.reply(reply, { kind: 'prompt', turn: asAccepted(draft, record), position })
}

/** Writes a queued turn and puts it into the queue. */
export function insertTurn(
  draft: Draft,
  turn: TurnDraft,
  { origin, retryOf, front = false }: InsertOptions,
): TurnRecord {
  const n = draft.state.lastTurnN + 1
  const record: TurnRecord = {
    id: turn.turnId,
    sessionNo: draft.state.sessionNo,
    n,
    state: 'queued',
    origin,
    prompt: turn.prompt,
    idempotencyKey: turn.idempotencyKey,
    bodyHash: turn.bodyHash,
    retryOf,
    onInterrupt: turn.onInterrupt,
    unattended: turn.unattended,
    delivery: 'no',
    generation: undefined,
    acceptedAt: draft.now,
    expiresAt: turn.expiresAt,
    dispatchedAt: undefined,
    runningAt: undefined,
    cancelling: undefined,
    outcome: undefined,
  }
  const queued: QueuedTurn = {
    turnId: turn.turnId,
    n,
    origin,
    prompt: turn.prompt,
    onInterrupt: turn.onInterrupt,
    unattended: turn.unattended,
    expiresAt: turn.expiresAt,
  }
  draft.state.lastTurnN = n
  draft.state.queue = front ? [queued, ...draft.state.queue] : [...draft.state.queue, queued]
  draft.write({ kind: 'turn.insert', turn: record })
  openTask(draft, record)
  const head = `{"turn_id":"${turn.turnId}","n":${n},"origin":"${origin}","retry_of":${JSON.stringify(retryOf ?? null)}`
  draft.eventText('turn.queued', turn.turnId, `${head},"prompt":${turn.prompt}}`)
  return record
}

/** Moves the session on: claims the head of the queue, starts an agent for it, or hands it over. Idempotent. */
export function pump(draft: Draft): void {
  const { state } = draft
  advanceChanges(draft)
  settleResets(draft)
  if (state.phase.kind !== 'open' || state.resets.length > 0) return
  if (state.active === undefined && state.agent.kind === 'ready' && state.agent.isRetiring) stopAgent(draft)
  if (state.active === undefined) claimHead(draft)
  if (state.active?.stage !== 'waiting') return
  if (state.agent.kind === 'none') startAgent(draft)
  else if (state.agent.kind === 'ready' && state.changes.length === 0)
    dispatch(draft, state.active, state.agent.generation)
}

function claimHead(draft: Draft): void {
  const { state } = draft
  const head = state.queue[0]
  if (head === undefined || state.blockedBy !== undefined) return
  state.queue = state.queue.slice(1)
  state.active = {
    ...head,
    stage: 'waiting',
    sentAt: 0,
    lastSignAt: draft.now,
    bytes: 0,
    events: 0,
    cancelling: undefined,
  }
  // With an agent at hand the claim and the dispatch are one patch; else the claim is stored with delivery `no`.
  if (state.agent.kind !== 'ready' || state.changes.length > 0) {
    draft.write({ kind: 'turn.patch', turnId: head.turnId, patch: { state: 'dispatching' } })
  }
}

function startAgent(draft: Draft): void {
  const { state } = draft
  const generation = state.generation + 1
  state.generation = generation
  state.agent = { kind: 'starting', generation, deadlineAt: draft.now + draft.limits.startMs }
  draft.write({ kind: 'session.patch', patch: { generation, agentLine: null } })
  draft.event('agent.starting', state.active?.turnId, { generation, agent: state.agentName })
  const start = { resume: toContinue(state), whenLost: whenLost(state), options: wantedOptions(state.terms.options) }
  draft.effect({ kind: 'agent.start', generation, ...start })
}

/** S3: the dispatch is committed before a byte is written, because the write is an effect of this transition. */
function dispatch(draft: Draft, active: ActiveTurn, generation: number): void {
  const { turnId, prompt } = active
  draft.state.active = { ...active, stage: 'sent', sentAt: draft.now, lastSignAt: draft.now }
  useConversation(draft)
  const patch = { state: 'dispatching', delivery: 'unknown', generation, dispatchedAt: draft.now } as const
  draft.write({ kind: 'turn.patch', turnId, patch })
  draft.eventText('turn.dispatched', turnId, `{"turn_id":"${turnId}","generation":${generation}}`)
  draft.effect({ kind: 'agent.prompt', generation, turnId, prompt })
}

/** Puts a claimed turn back in front: only while not a byte was sent. */
export function requeueActive(draft: Draft, active: ActiveTurn, reason: string): void {
  const { turnId, n, origin, prompt, onInterrupt, unattended, expiresAt } = active
  draft.state.active = undefined
  draft.state.queue = [{ turnId, n, origin, prompt, onInterrupt, unattended, expiresAt }, ...draft.state.queue]
  draft.write({ kind: 'turn.patch', turnId, patch: { state: 'queued' } })
  draft.event('turn.requeued', turnId, { turn_id: turnId, reason })
}

function positionOf(draft: Draft, turnId: TurnId): number {
  const { active, queue } = draft.state
  if (active?.turnId === turnId) return 0
  return queue.findIndex((turn) => turn.turnId === turnId) + (active === undefined ? 0 : 1)
}

/** The record as it stands after this transition, for the caller's answer. */
function asAccepted(draft: Draft, record: TurnRecord): TurnRecord {
  const active = draft.state.active
  if (active?.turnId !== record.id) return record
  if (active.stage === 'waiting') return { ...record, state: 'dispatching' }
  return {
    ...record,
    state: 'dispatching',
    delivery: 'unknown',
    generation: draft.state.generation,
    dispatchedAt: draft.now,
  }
}
