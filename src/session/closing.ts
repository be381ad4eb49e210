// Close and drain: two ways to bring a session to rest. Both end when no process of it is left.

import type { Draft } from './draft.ts'
import { requestCancel } from './turns/cancel.ts'
import { endQueued } from './turns/end-turn.ts'
import { requeueActive } from './turns/queue.ts'
import type { ReplyTo } from './state.ts'
import type { CallerInput } from './input.ts'
import { stopAgent } from './agents/stop-agent.ts'

/** Close = cancel, bounded wait, force. What is queued ends `cancelled`; nothing is started. */
export function closeSession(draft: Draft, reply: ReplyTo): void {
  const { state } = draft
  if (state.phase.kind === 'closed') return draft.reply(reply, { kind: 'gone', stopped: undefined, turns: [] })
  state.waiters = [...state.waiters, reply]
  beginClosing(draft)
}

/** Enters `closing`: also how a one-shot session ends after its turn. */
export function beginClosing(draft: Draft): void {
  const { state } = draft
  if (state.phase.kind !== 'closing') {
    state.phase = { kind: 'closing' }
    const turns = [...(state.active === undefined ? [] : [state.active]), ...state.queue]
    state.closedTurns = turns.map(({ turnId }) => turnId)
    draft.write({ kind: 'session.patch', patch: { state: 'closing', blockedBy: null } })
    state.blockedBy = undefined
    for (const turn of state.queue) endQueued(draft, turn, 'cancelled')
    if (state.active !== undefined) requestCancel(draft, state.active, 'close')
  }
  settlePhase(draft)
}

/** The gateway stops: what was never sent goes back to the queue, the active turn has the budget. */
export function drainSession(
  draft: Draft,
  { reply, budgetAt, graceAtMax, spareTurnId }: Extract<CallerInput, { kind: 'drain' }>,
): void {
  const { state } = draft
  if (state.phase.kind === 'closed') return draft.reply(reply, { kind: 'gone', stopped: undefined, turns: [] })
  state.waiters = [...state.waiters, reply]
  if (state.phase.kind === 'open' || state.phase.kind === 'draining')
    state.phase = { kind: 'draining', budgetAt, graceAtMax }
  state.spareTurnId = spareTurnId
  if (state.phase.kind === 'draining') parkActive(draft)
  settlePhase(draft)
}

/** A summary that is cut short is made again; work is not. So a turn that compacts its context gives way first. */
function parkActive(draft: Draft): void {
  const { active } = draft.state
  if (active === undefined) return
  if (active.stage === 'waiting') requeueActive(draft, active, 'drain')
  else if (active.compacting.length > 0 && active.cancelling === undefined) requestCancel(draft, active, 'drain')
}

/** Takes a session that is closing or draining one step on. Called after everything that can free it. */
export function settlePhase(draft: Draft): void {
  const { state } = draft
  if (state.phase.kind === 'open' || state.phase.kind === 'closed') return
  if (state.active !== undefined) return
  if (state.agent.kind === 'starting' || state.agent.kind === 'ready') return stopAgent(draft)
  if (state.agent.kind === 'stopping') return
  if (state.phase.kind === 'closing') markClosed(draft)
  const { lastStop: stopped, closedTurns: turns } = state
  for (const to of state.waiters) draft.reply(to, { kind: 'gone', stopped, turns })
  state.waiters = []
  draft.effect({ kind: 'end' })
}

function markClosed(draft: Draft): void {
  draft.state.phase = { kind: 'closed' }
  draft.write({ kind: 'session.patch', patch: { state: 'closed', closedAt: draft.now } })
  draft.event('session.closed', undefined, {})
}
