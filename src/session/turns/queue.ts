// The queue of a session: claim, dispatch, put back. At most one turn is out of the queue (S2).

import { isForking, toContinue, useConversation, whenLost } from '../terms/conversation.ts'
import type { Draft } from '../draft.ts'
import { wantsHistory } from '../terms/import-history.ts'
import { hasLanePass, useLanePass } from '../agents/lane-pass.ts'
import { advanceChanges } from '../terms/option-changes.ts'
import { wantedOptions } from '../terms/options.ts'
import { completeOwnTurn, isOwnTurn } from './own-turn.ts'
import { frontPlace } from './queue-order.ts'
import { settleResets } from '../terms/reset.ts'
import type { ActiveTurn, QueuedTurn } from '../state.ts'
import { stopAgent } from '../agents/stop-agent.ts'

/** Moves the session on: claims the head of the queue, starts an agent for it, or hands it over. Idempotent. */
export function pump(draft: Draft): void {
  const { state } = draft
  advanceChanges(draft)
  settleResets(draft)
  if (state.phase.kind !== 'open' || state.resets.length > 0) return
  const head = findClaimable(draft)
  if (head !== undefined && state.active !== undefined) completeOwnTurn(draft, state.active)
  if (state.active === undefined && state.agent.kind === 'ready' && state.agent.isRetiring) stopAgent(draft)
  if (head !== undefined) claim(draft, head)
  if (state.begins.length > 0 && state.agent.kind === 'none') startAgent(draft)
  if (state.active?.stage !== 'waiting') return
  if (state.agent.kind === 'none') startAgent(draft)
  else if (state.agent.kind === 'ready' && state.changes.length === 0)
    dispatch(draft, state.active, state.agent.generation)
}

/** The head of the queue, if nothing speaks against handing it out now. What the agent does by itself holds nothing up. */
function findClaimable(draft: Draft): QueuedTurn | undefined {
  const { active, queue, blockedBy, agent, startNotBefore, isPaused } = draft.state
  const head = queue[0]
  if (head === undefined || blockedBy !== undefined || isPaused) return undefined
  if (active !== undefined && !isOwnTurn(active)) return undefined
  if (agent.kind === 'none' && startNotBefore > draft.now) return undefined
  return hasLanePass(draft, head.lane) ? head : undefined
}

function claim(draft: Draft, head: QueuedTurn): void {
  const { state } = draft
  state.queue = state.queue.slice(1)
  useLanePass(draft)
  state.active = {
    ...head,
    stage: 'waiting',
    sentAt: 0,
    lastSignAt: draft.now,
    bytes: 0,
    events: 0,
    openTools: [],
    compacting: [],
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
  state.agent = { kind: 'starting', generation, deadlineAt: draft.now + draft.limits.startMs, isRetiring: false }
  draft.write({ kind: 'session.patch', patch: { generation, agentLine: null } })
  draft.event('agent.starting', state.active?.turnId, { generation, agent: state.agentName })
  const { terms } = state
  const goOn = {
    resume: toContinue(state),
    begunAt: terms.conversation.begunAt,
    whenLost: whenLost(state),
    wantsHistory: wantsHistory(state),
    isFork: isForking(state),
  }
  const start = { ...goOn, options: wantedOptions(terms.options), equipment: terms.equipment }
  const lane = state.active?.lane ?? 'interactive'
  draft.effect({ kind: 'agent.start', generation, lane, ...start })
}

/** S3: the dispatch is committed before a byte is written, because the write is an effect of this transition. */
function dispatch(draft: Draft, active: ActiveTurn, generation: number): void {
  const { turnId, prompt, meta } = active
  draft.state.active = { ...active, stage: 'sent', sentAt: draft.now, lastSignAt: draft.now }
  useConversation(draft)
  const patch = { state: 'dispatching', delivery: 'unknown', generation, dispatchedAt: draft.now } as const
  draft.write({ kind: 'turn.patch', turnId, patch })
  draft.eventText('turn.dispatched', turnId, `{"turn_id":"${turnId}","generation":${generation}}`)
  draft.effect({ kind: 'agent.prompt', generation, turnId, prompt, meta })
}

/** Puts a claimed turn back in front: only while it is sure that no agent got it (S5). */
export function requeueActive(draft: Draft, active: ActiveTurn, reason: string): void {
  const { turnId, n, origin, prompt, meta, onInterrupt, unattended, expiresAt, deadlineMs, lane, startsFailed } = active
  const { queue } = draft.state
  const place = frontPlace(queue, n)
  const asked = { prompt, meta, onInterrupt, unattended, expiresAt, deadlineMs, lane }
  draft.state.active = undefined
  draft.state.queue = [{ turnId, n, place, origin, ...asked, startsFailed }, ...queue]
  draft.write({ kind: 'turn.patch', turnId, patch: { state: 'queued', delivery: 'no', place } })
  draft.event('turn.requeued', turnId, { turn_id: turnId, reason })
}
