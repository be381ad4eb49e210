// Turns that the agent begins by itself: work that it reports while no prompt is out. They have no prompt, hold nothing up, and end
// when the agent is quiet or when a prompt is handed out (ADR 15).

import type { JsonObject } from '../../base/json.ts'
import type { CancelReason } from '../../store/records.ts'
import type { Draft } from '../draft.ts'
import { endActive, endOfCancelled } from './end-turn.ts'
import { openTask, startTask } from '../family/task-rows.ts'
import { newRecord, toQueued } from './insert-turn.ts'
import type { ActiveTurn } from '../state.ts'
import { stopAgent } from '../agents/stop-agent.ts'

const WORK: ReadonlySet<unknown> = new Set([
  'agent_message_chunk',
  'agent_thought_chunk',
  'tool_call',
  'tool_call_update',
])
/** Tool calls of one turn whose end is waited for; an agent that has more open is working anyway. */
const TOOLS_MAX = 256

export function isOwnTurn({ origin }: { readonly origin: ActiveTurn['origin'] }): boolean {
  return origin === 'agent'
}

/** Index of the first update that begins a turn now, or -1: what comes right after an answer still belongs to no turn. */
export function findOwnWork({ state, limits, now }: Draft, updates: readonly string[]): number {
  const isLate = now < state.lastEndAt + limits.lateOutputMs
  if (isLate || state.phase.kind !== 'open' || state.spareTurnId === undefined) return -1
  return updates.findIndex((data) => WORK.has((JSON.parse(data) as JsonObject)['sessionUpdate']))
}

/** The agent works: from here on it is a turn like any other, running at once. */
export function beginOwnTurn(draft: Draft): void {
  const { state, now } = draft
  const { spareTurnId: turnId, generation } = state
  if (turnId === undefined) return
  state.spareTurnId = undefined
  const n = state.lastTurnN + 1
  state.lastTurnN = n
  const turn = {
    turnId,
    prompt: '[]',
    bodyHash: '',
    idempotencyKey: undefined,
    onInterrupt: 'continue', // nothing of it can be asked for again, so nobody has to decide
    expiresAt: undefined,
    lane: 'background',
  } as const
  const blank = newRecord(draft, turn, { n, origin: 'agent' })
  const times = { acceptedAt: now, dispatchedAt: now, runningAt: now }
  const record = { ...blank, ...times, state: 'running', place: 0, delivery: 'yes', generation } as const
  state.active = {
    ...toQueued(record),
    stage: 'running',
    sentAt: now,
    lastSignAt: now,
    bytes: 0,
    events: 0,
    openTools: [],
    compacting: [],
    cancelling: undefined,
  }
  draft.write({ kind: 'turn.insert', turn: record })
  openTask(draft, record)
  startTask(draft, record.id)
  draft.event('turn.running', turnId, { turn_id: turnId, n, origin: 'agent' })
}

/** Which tool calls are open after `updates`. */
export function openToolsAfter(open: readonly string[], updates: readonly string[]): readonly string[] {
  const ids = new Set(open)
  for (const data of updates) {
    const { sessionUpdate, toolCallId, status } = JSON.parse(data) as JsonObject
    if (typeof toolCallId !== 'string') continue
    if (status === 'completed' || status === 'failed' || status === 'cancelled') ids.delete(toolCallId)
    else if (sessionUpdate === 'tool_call' && ids.size < TOOLS_MAX) ids.add(toolCallId)
  }
  return [...ids]
}

/** Epoch ms at which the agent counts as done, if nothing more comes of it. A tool call that is open may be silent for as long as in any turn. */
export function quietAt({ limits }: Pick<Draft, 'limits'>, { lastSignAt, openTools }: ActiveTurn): number {
  return lastSignAt + (openTools.length > 0 ? limits.silenceMs : limits.agentQuietMs)
}

/**
 * Ends the agent's own turn as done. What it has asked for stays open, and what it goes on to say is a turn again: there is no answer
 * that would say that this was all.
 */
export function completeOwnTurn(draft: Draft, active: ActiveTurn): void {
  const { permissions, elicitations, lastEndAt } = draft.state
  draft.state.permissions = []
  draft.state.elicitations = []
  endActive(draft, active, { state: 'completed' })
  draft.state.permissions = permissions
  draft.state.elicitations = elicitations
  draft.state.lastEndAt = lastEndAt
}

/** Ends the agent's own turn at once: no answer would come. It is asked to stop; one that floods is stopped. */
export function cancelOwnTurn(draft: Draft, active: ActiveTurn, reason: CancelReason): void {
  const { agent } = draft.state
  if (agent.kind === 'ready')
    draft.effect({ kind: 'agent.cancel', generation: agent.generation, turnId: active.turnId })
  endActive(draft, active, endOfCancelled(draft, active, reason))
  if (reason === 'output') stopAgent(draft)
}
