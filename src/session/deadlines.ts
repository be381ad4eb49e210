// Every deadline of a session, derived from its state: absolute times, so that the actor needs one timer and none can be forgotten (S6).

import { HoldfastError, toStoredError } from '../base/errors.ts'
import { failBegins } from './agents/begin-agent.ts'
import { stopOverdue } from './agents/agent-link.ts'
import { requestCancel, withdrawPrompt } from './turns/cancel.ts'
import { boundByDrain, lastGraceMs } from './turns/cancel-grace.ts'
import { settlePhase } from './closing.ts'
import type { Draft } from './draft.ts'
import { endActive, endOfCancelled, endQueued } from './turns/end-turn.ts'
import { dismissOverdue } from './elicitations/elicitations.ts'
import { changeOverdue } from './terms/option-changes.ts'
import { completeOwnTurn, isOwnTurn, quietAt } from './turns/own-turn.ts'
import { refuseOverdue } from './permissions/permissions.ts'
import { pump } from './turns/queue.ts'
import type { ActiveTurn, SessionLimits, SessionModel } from './state.ts'
import { forceAgent, stopAgent } from './agents/stop-agent.ts'
import { turnMsOf } from './turns/turn-limit.ts'
import { waitsForPerson } from './waits-for-person.ts'

export type DeadlineKind =
  | 'queue_expiry'
  | 'agent_start'
  | 'agent_start_pause'
  | 'agent_quiet'
  | 'agent_stop'
  | 'permission'
  | 'elicitation'
  | 'silence'
  | 'turn'
  | 'cancel_withdraw'
  | 'cancel_grace'
  | 'drain'
  | 'control'

export interface Deadline {
  readonly kind: DeadlineKind
  /** Epoch ms. */
  readonly at: number
}

/** All deadlines that are running, unordered. */
export function deadlinesOf(state: SessionModel, limits: SessionLimits): Deadline[] {
  const all: Deadline[] = []
  for (const turn of state.queue)
    if (turn.expiresAt !== undefined) all.push({ kind: 'queue_expiry', at: turn.expiresAt })
  if (state.agent.kind === 'starting') all.push({ kind: 'agent_start', at: state.agent.deadlineAt })
  if (state.agent.kind === 'stopping') all.push({ kind: 'agent_stop', at: state.agent.deadlineAt })
  for (const permission of state.permissions) all.push({ kind: 'permission', at: permission.dueAt })
  for (const elicitation of state.elicitations) all.push({ kind: 'elicitation', at: elicitation.dueAt })
  if (isStartPaused(state)) all.push({ kind: 'agent_start_pause', at: state.startNotBefore })
  const { active } = state
  if (active === undefined || active.stage === 'waiting') return [...all, ...controlDeadline(state, limits)]
  if (active.cancelling !== undefined) return [...all, ...cancelSteps(state, active, limits)]
  if (!waitsForPerson(state)) all.push(silenceOf(active, limits))
  const turnMs = active.deadlineMs ?? turnMsOf(state, limits)
  if (turnMs > 0) all.push({ kind: 'turn', at: active.sentAt + turnMs })
  if (state.phase.kind === 'draining') all.push({ kind: 'drain', at: state.phase.budgetAt })
  return all
}

/** The second way to ask comes before the end by force (C-49). */
function cancelSteps({ phase }: SessionModel, active: ActiveTurn, limits: SessionLimits): Deadline[] {
  const at = boundByDrain(active.cancelling?.graceAt ?? 0, phase)
  const force: Deadline = { kind: 'cancel_grace', at }
  return active.isWithdrawn === true ? [force] : [{ kind: 'cancel_withdraw', at: at - lastGraceMs(limits) }, force]
}

/** An agent may be too busy with its turn to answer; only afterwards must it. */
function controlDeadline({ changes }: SessionModel, { controlMs }: SessionLimits): Deadline[] {
  const sent = changes[0]?.sent
  return sent === undefined ? [] : [{ kind: 'control', at: sent.since + controlMs }]
}

function silenceOf(active: ActiveTurn, limits: SessionLimits): Deadline {
  if (isOwnTurn(active)) return { kind: 'agent_quiet', at: quietAt({ limits }, active) }
  return { kind: 'silence', at: active.lastSignAt + limits.silenceMs }
}

/** A prompt waits for nothing but the end of the pause after a start that failed. */
function isStartPaused({ phase, agent, active, queue, blockedBy, startNotBefore }: SessionModel): boolean {
  const isHeld = phase.kind !== 'open' || blockedBy !== undefined || active !== undefined
  return startNotBefore > 0 && agent.kind === 'none' && queue.length > 0 && !isHeld
}

/** The nearest deadline, if any is running. */
export function nextDeadline(state: SessionModel, limits: SessionLimits): Deadline | undefined {
  return nearestOf(deadlinesOf(state, limits))
}

/** The nearest one that ends something; for who is told of it. */
export function nextEnd(state: SessionModel, limits: SessionLimits): Deadline | undefined {
  return nearestOf(deadlinesOf(state, limits).filter(({ kind }) => kind !== 'cancel_withdraw'))
}

function nearestOf(deadlines: readonly Deadline[]): Deadline | undefined {
  let nearest: Deadline | undefined
  for (const deadline of deadlines) {
    if (nearest === undefined || deadline.at < nearest.at) nearest = deadline
  }
  return nearest
}

/** Does what is due now. Safe to call at any time: a deadline that is not due does nothing. */
export function passDeadlines(draft: Draft): void {
  expireQueued(draft)
  startOverdue(draft)
  stopOverdue(draft)
  refuseOverdue(draft)
  dismissOverdue(draft)
  turnOverdue(draft)
  changeOverdue(draft)
  if (draft.state.startNotBefore <= draft.now) draft.state.startNotBefore = 0
  settlePhase(draft)
  pump(draft)
}

function expireQueued(draft: Draft): void {
  for (const turn of draft.state.queue) {
    if (turn.expiresAt !== undefined && turn.expiresAt <= draft.now) endQueued(draft, turn, 'expired')
  }
}

function startOverdue(draft: Draft): void {
  const { agent, active, agentName } = draft.state
  if (agent.kind !== 'starting' || agent.deadlineAt > draft.now) return
  const details = { agent: agentName, stage: 'start', ms: draft.limits.startMs }
  const error = toStoredError(new HoldfastError('AGENT_START_TIMEOUT', details))
  if (active?.stage === 'waiting') endActive(draft, active, { state: 'failed', error })
  failBegins(draft, error)
  stopAgent(draft, error)
}

function turnOverdue(draft: Draft): void {
  const { active } = draft.state
  if (active === undefined || active.stage === 'waiting') return
  for (const { kind, at } of deadlinesOf(draft.state, draft.limits)) {
    if (at > draft.now) continue
    if (kind === 'cancel_withdraw') withdrawPrompt(draft, active)
    if (kind === 'cancel_grace' && active.cancelling !== undefined) {
      endActive(draft, active, { ...endOfCancelled(draft, active, active.cancelling.reason), forced: true })
      return forceAgent(draft)
    }
    if (kind === 'agent_quiet' || (kind === 'turn' && isOwnTurn(active))) return completeOwnTurn(draft, active)
    if (kind === 'silence' || kind === 'turn' || kind === 'drain') return requestCancel(draft, active, kind)
  }
}
