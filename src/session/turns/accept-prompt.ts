// Accepting a prompt, or saying why not; and what it does to a session that is busy.

import type { TurnId } from '../../base/ids.ts'
import type { TurnRecord } from '../../store/records.ts'
import { requestCancel } from './cancel.ts'
import type { Draft } from '../draft.ts'
import { insertTurn } from './insert-turn.ts'
import { isOwnTurn } from './own-turn.ts'
import { pump } from './queue.ts'
import type { SessionModel } from '../state.ts'
import type { CallerInput } from '../input.ts'

type Prompt = Extract<CallerInput, { kind: 'prompt' }>

/** The answer is an effect: it leaves after the commit (S1). */
export function acceptPrompt(draft: Draft, prompt: Prompt): void {
  if (isRefused(draft, prompt)) return
  const { reply, draft: turn, whenBusy } = prompt
  const isUrgent = whenBusy === 'interrupt'
  if (isUrgent) interrupt(draft)
  const record = insertTurn(draft, turn, { origin: 'user', front: isUrgent })
  pump(draft)
  const position = positionOf(draft, turn.turnId)
  draft.reply(reply, { kind: 'prompt', turn: asAccepted(draft, record), position })
}

function isRefused(draft: Draft, { reply, whenBusy, isGatewayFull }: Prompt): boolean {
  const { state, limits } = draft
  const refuse = (...[code, details]: [Parameters<Draft['refuse']>[1], object?]): true => {
    draft.refuse(reply, code, { ...details })
    return true
  }
  if (state.phase.kind === 'draining') return refuse('GATEWAY_DRAINING')
  if (state.phase.kind !== 'open') return refuse('SESSION_CLOSED')
  if (state.mode === 'oneshot' && state.lastTurnN > 0) return refuse('SESSION_ONESHOT')
  const isBusy = mustWait(state)
  if (isBusy && whenBusy === 'reject') {
    const { blockedBy } = state
    if (blockedBy === undefined) return refuse('SESSION_BUSY')
    return refuse('SESSION_BLOCKED', { reason: `turn ${blockedBy} was interrupted` })
  }
  // No agent of ACP v1 can: nothing in the protocol adds to a prompt that is out.
  if (isBusy && whenBusy === 'steer') return refuse('STEER_UNSUPPORTED', { agent: state.agentName })
  const depthMax = limits.queueDepthMax
  if (state.queue.length >= depthMax) return refuse('QUEUE_FULL', { scope: 'session', depthMax })
  if (isBusy && isGatewayFull) return refuse('QUEUE_FULL', { scope: 'gateway', depthMax: limits.queuedMax })
  return false
}

/** A prompt that is accepted now is not handed out now. What the agent does by itself is no reason to wait. */
function mustWait({ active, queue, blockedBy }: SessionModel): boolean {
  return queue.length > 0 || blockedBy !== undefined || (active !== undefined && !isOwnTurn(active))
}

/** The turn that is out makes way. One whose end was asked for already keeps its reason and its grace. */
function interrupt(draft: Draft): void {
  const { active } = draft.state
  if (active !== undefined && active.cancelling === undefined) requestCancel(draft, active, 'interrupt')
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
  if (active.stage === 'waiting') return { ...record, state: 'dispatching', place: 0 }
  return {
    ...record,
    state: 'dispatching',
    place: 0,
    delivery: 'unknown',
    generation: draft.state.generation,
    dispatchedAt: draft.now,
  }
}
