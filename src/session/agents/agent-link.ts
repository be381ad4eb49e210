// What an agent process says and suffers. Every rule here has passed the generation fence in next.ts (S4).

import type { AgentAnswer } from '../../agent/connection.ts'
import type { StoredError } from '../../base/errors.ts'
import { requestCancel } from '../turns/cancel.ts'
import { settlePhase } from '../closing.ts'
import { beginConversation, loseConversation } from '../terms/conversation.ts'
import { waitForLogin } from '../terms/login.ts'
import type { Draft } from '../draft.ts'
import type { TurnEnd } from '../turns/end-turn.ts'
import { endActive, endOfCancelled } from '../turns/end-turn.ts'
import { reportProgress } from '../family/task-rows.ts'
import { takeLearned } from '../history/take-learned.ts'
import { importHistory, wantsHistory } from '../terms/import-history.ts'
import { keepOffers } from '../terms/offers.ts'
import { beginOwnTurn, findOwnWork, isOwnTurn, openToolsAfter } from '../turns/own-turn.ts'
import { pump } from '../turns/queue.ts'
import { findProofOfPrompt, markRunning } from '../turns/sign-of-life.ts'
import { retryOrEnd } from '../turns/start-retry.ts'
import { retire } from './retire-agent.ts'
import { failBegins } from './begin-agent.ts'
import { agentInfo } from './agent-info.ts'
import { stopAgent, stuckError } from './stop-agent.ts'
import type { ActiveTurn } from '../state.ts'
import type { AgentInput } from '../input.ts'

type Ready = Extract<AgentInput, { kind: 'agent.ready' }>
type Answered = Extract<AgentInput, { kind: 'agent.answered' }>
type Lost = Extract<AgentInput, { kind: 'agent.lost' }>
type Stopped = Extract<AgentInput, { kind: 'agent.stopped' }>

export function agentReady(draft: Draft, ready: Ready): void {
  const { state } = draft
  if (state.agent.kind !== 'starting') return
  const { generation, pid, agentSessionId, continuity, capabilities, line } = ready
  const { hasOldLogin } = state.agent
  const isRetiring = ready.isRetiring || state.agent.isRetiring || hasOldLogin === true
  state.agent = { kind: 'ready', generation, pid, isRetiring, ...(hasOldLogin && { hasOldLogin }) }
  // Another conversation than that one has no history to tell.
  if (wantsHistory(state) && agentSessionId === state.agentSessionId) importHistory(draft, ready.history)
  else takeLearned(draft, ready)
  beginConversation(draft, ready)
  if (state.agentSessionId !== agentSessionId || state.agentCapabilities !== capabilities) {
    state.agentSessionId = agentSessionId
    state.agentCapabilities = capabilities
    draft.write({ kind: 'session.patch', patch: { agentSessionId, agentCapabilities: capabilities } })
  }
  draft.reached(line) // from here on the process can be taken over
  keepOffers(draft, ready)
  const told = { generation, pid: pid ?? null, agent_session_id: agentSessionId, continuity }
  draft.event('agent.ready', undefined, { ...told, agent_info: agentInfo(capabilities) ?? null })
  settlePhase(draft)
  pump(draft)
}

/** The start failed: the turn that waited for it is tried once more or ends, delivery `no`; later prompts try again. */
export function agentFailed(draft: Draft, error: StoredError): void {
  const { state } = draft
  if (state.agent.kind !== 'starting') return
  const { generation } = state.agent
  failBegins(draft, error)
  draft.event('agent.exited', state.active?.turnId, { generation, during: 'start', error })
  const { active } = state
  const isWaiting = active?.stage === 'waiting'
  const isKept = isWaiting && (loseConversation(draft, active, error) || waitForLogin(draft, active, error))
  state.agent = { kind: 'none' }
  if (isWaiting && !isKept) retryOrEnd(draft, active, error)
  settlePhase(draft)
  pump(draft)
}

/**
 * Updates belong to the turn that is out, from the first on that can be about its prompt; without a turn they begin one of the
 * agent's own, or are kept without a turn (C-40).
 */
export function agentUpdates(draft: Draft, updates: readonly string[]): void {
  const { active } = draft.state
  const first = findFirstOfTurn(draft, updates)
  const loose = first < 0 ? updates : updates.slice(0, first)
  for (const data of loose) draft.eventText('update', undefined, data)
  if (active !== undefined && active.stage !== 'waiting') countOutput(draft, active, loose)
  if (first < 0) return
  if (active === undefined) beginOwnTurn(draft)
  else markRunning(draft)
  const { active: running } = draft.state
  if (running !== undefined) addToTurn(draft, running, updates.slice(first))
}

/** Index, or -1. */
function findFirstOfTurn(draft: Draft, updates: readonly string[]): number {
  const { active } = draft.state
  if (active === undefined) return findOwnWork(draft, updates)
  if (active.stage === 'waiting') return -1
  return active.stage === 'sent' ? findProofOfPrompt(updates) : 0
}

function addToTurn(draft: Draft, active: ActiveTurn, updates: readonly string[]): void {
  for (const data of updates) draft.eventText('update', active.turnId, data)
  reportProgress(draft, active.turnId, updates)
  const openTools = isOwnTurn(active) ? openToolsAfter(active.openTools, updates) : active.openTools
  countOutput(draft, { ...active, openTools }, updates)
}

/** A sign of life, and a part of what a turn may say. */
function countOutput(draft: Draft, active: ActiveTurn, updates: readonly string[]): void {
  if (updates.length === 0) return
  const bytes = updates.reduce((sum, data) => sum + data.length, active.bytes)
  const counted = { ...active, bytes, events: active.events + updates.length, lastSignAt: draft.now }
  draft.state.active = counted
  const isOver = bytes > draft.limits.turnBytesMax || counted.events > draft.limits.turnEventsMax
  if (isOver && active.cancelling === undefined) requestCancel(draft, counted, 'output')
}

/** The answer to the prompt is the end of the turn (C-37). An answer to anything else is counted and dropped. */
export function agentAnswered(draft: Draft, { turnId, answer }: Answered): void {
  const { active } = draft.state
  if (active === undefined || active.turnId !== turnId || active.stage === 'waiting') {
    return draft.effect({ kind: 'count', name: 'unknown_answer' })
  }
  if (answer.kind === 'refused') {
    endActive(draft, { ...active, stage: 'waiting' }, { state: 'failed', error: answer.error })
  } else if (!isRefusedForLogin(draft, active, answer)) {
    markRunning(draft)
    const running = draft.state.active ?? active
    endActive(draft, running, endOfAnswer(draft, running, answer))
  }
  settlePhase(draft)
  if (!isReusable(answer)) stopAgent(draft)
  pump(draft)
}

/** It has said nothing in the turn but that it needs a login: the prompt is kept, and the next process gets it. */
function isRefusedForLogin(draft: Draft, active: ActiveTurn, answer: AgentAnswer): boolean {
  return answer.kind === 'error' && active.stage === 'sent' && waitForLogin(draft, active, answer.error)
}

/**
 * Whether the agent is as good for the next prompt (P2). One that breaks the protocol is not; one that wants a login has read
 * the old one when it started, so that only a new process can have the new one; one that has forgotten the session must load it.
 */
function isReusable(answer: AgentAnswer): boolean {
  return answer.kind !== 'error' || (answer.error.code === 'AGENT_ERROR' && !answer.isForgotten)
}

function endOfAnswer(draft: Draft, active: ActiveTurn, answer: Exclude<AgentAnswer, { kind: 'refused' }>): TurnEnd {
  const { cancelling } = active
  if (answer.kind === 'error') {
    return cancelling === undefined
      ? { state: 'failed', error: answer.error }
      : endOfCancelled(draft, active, cancelling.reason)
  }
  const { stopReason, usage } = answer
  // A request that was given up for want of a person: what came after it is not what was asked for.
  const isNeeded = cancelling?.reason === 'permission' || cancelling?.reason === 'elicitation'
  if (stopReason !== 'cancelled' && !isNeeded) return { state: 'completed', stopReason, usage }
  const end: TurnEnd =
    cancelling === undefined ? { state: 'cancelled' } : endOfCancelled(draft, active, cancelling.reason)
  return { ...end, stopReason, usage }
}

/** An idle agent makes room for another session's; whoever is busy stays. */
export function evictAgent(draft: Draft): void {
  const { state } = draft
  const isIdle = state.active === undefined && state.changes.length === 0
  if (state.phase.kind === 'open' && isIdle && state.agent.kind === 'ready') stopAgent(draft)
}

/** Its process was started by a definition that does not hold any more: it takes no further prompt. */
export function retireAgent(draft: Draft): void {
  if (draft.state.agent.kind !== 'ready') return
  retire(draft, 'definition_changed')
  pump(draft)
}

/** The connection is gone. What it worked on ends with what is known; the process tree is swept before the next start. */
export function agentLost(draft: Draft, { error, unsent }: Lost): void {
  const { active, agent } = draft.state
  if (agent.kind !== 'ready') return
  if (active?.stage === 'sent' && active.turnId === unsent) retryOrEnd(draft, active, error)
  else if (active !== undefined && active.stage !== 'waiting') {
    const reason = active.cancelling?.reason
    endActive(draft, active, reason === undefined ? { state: 'failed', error } : endOfCancelled(draft, active, reason))
  }
  stopAgent(draft, error)
  pump(draft)
}

export function agentStopped(draft: Draft, { generation, report }: Stopped): void {
  if (draft.state.agent.kind !== 'stopping') return
  draft.state.lastStop = report
  leaveStopping(draft, {
    generation,
    during: 'stop',
    forced: report.forced,
    swept: report.swept,
    survivors: report.survivors,
    exit: report.exit ?? null,
  })
}

/** The proof did not come in time: said, and the session goes on; the host keeps the lease as stuck. */
export function stopOverdue(draft: Draft): void {
  const { agent } = draft.state
  if (agent.kind !== 'stopping' || agent.deadlineAt > draft.now) return
  leaveStopping(draft, { generation: agent.generation, during: 'stop', error: stuckError(draft) })
}

function leaveStopping(draft: Draft, data: object): void {
  draft.state.agent = { kind: 'none' }
  draft.write({ kind: 'session.patch', patch: { agentLine: null } })
  draft.event('agent.exited', undefined, data)
  settlePhase(draft)
  pump(draft)
}
