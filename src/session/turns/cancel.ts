// Cancel at every stage: queued, waiting for an agent, handed over. Ends at once where nothing was sent, else asks and sets the grace.

import type { TurnId } from '../../base/ids.ts'
import type { Draft } from '../draft.ts'
import { graceEnd } from './cancel-grace.ts'
import { endActive, endOfCancelled, endQueued } from './end-turn.ts'
import { cancelOwnTurn, isOwnTurn } from './own-turn.ts'
import { closeRequests } from './close-requests.ts'
import { pump } from './queue.ts'
import type { CancelReason } from '../../store/records.ts'
import type { ActiveTurn } from '../state.ts'
import type { CallerInput } from '../input.ts'

export function cancelTurn(draft: Draft, { reply, turnId }: Extract<CallerInput, { kind: 'cancel' }>): void {
  const { active, queue } = draft.state
  const target = turnId ?? active?.turnId
  const queued = queue.find((turn) => turn.turnId === target)
  if (queued !== undefined) {
    endQueued(draft, queued, 'cancelled')
    answer(draft, reply, 'ended', queued.turnId)
    return pump(draft)
  }
  if (active === undefined || active.turnId !== target) {
    return draft.reply(reply, { kind: 'cancel', outcome: 'none', turns: [] })
  }
  requestCancel(draft, active, 'user')
  answer(draft, reply, draft.state.active === undefined ? 'ended' : 'requested', active.turnId)
  pump(draft)
}

/**
 * Ends `active` for `reason`: at once while nothing was sent; else the agent is asked and has the cancel grace (S6).
 * Repeating it asks the agent again but never extends the grace.
 */
export function requestCancel(draft: Draft, active: ActiveTurn, reason: CancelReason): void {
  if (isOwnTurn(active)) return cancelOwnTurn(draft, active, reason)
  if (active.stage === 'waiting') return endActive(draft, active, endOfCancelled(draft, active, reason))
  const { agent } = draft.state
  if (active.cancelling === undefined) {
    const graceAt = graceEnd(draft)
    const cancelling = { reason, graceAt }
    draft.state.active = { ...active, cancelling }
    draft.write({ kind: 'turn.patch', turnId: active.turnId, patch: { cancelling } })
    draft.event('turn.cancelling', active.turnId, { turn_id: active.turnId, reason, grace_until: graceAt })
  }
  if (agent.kind === 'ready')
    draft.effect({ kind: 'agent.cancel', generation: agent.generation, turnId: active.turnId })
  // After the cancel: an agent that hears of its request first takes that for a refusal, and goes on.
  closeRequests(draft, 'cancelled')
}

/** `session/cancel` was not answered: the request of the prompt itself is taken back, once (C-49). The agent may still answer as it likes. */
export function withdrawPrompt(draft: Draft, active: ActiveTurn): void {
  const { agent } = draft.state
  draft.state.active = { ...active, isWithdrawn: true }
  if (agent.kind === 'ready')
    draft.effect({ kind: 'agent.withdraw', generation: agent.generation, turnId: active.turnId })
}

function answer(
  draft: Draft,
  reply: Parameters<Draft['reply']>[0],
  outcome: 'ended' | 'requested',
  turnId: TurnId,
): void {
  draft.reply(reply, { kind: 'cancel', outcome, turns: [turnId] })
}
