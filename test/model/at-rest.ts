// What must be true of a schedule when everything has come to rest. Looks; changes nothing.

import type { TurnId } from '../../src/base/ids.ts'
import { fullGraceMs } from '../../src/session/turns/cancel-grace.ts'
import type { Deliveries } from './deliveries.ts'
import { LIMITS } from './limits.ts'
import { must } from './invariant.ts'
import type { ModelStore } from './model-store.ts'
import { THEIRS } from './new-session.ts'
import type { ScriptedProcess } from './scripted-process.ts'

export interface Rest {
  readonly store: ModelStore
  /** Prompts whose callers were told that they are accepted. */
  readonly accepted: ReadonlySet<TurnId>
  readonly deliveries: Deliveries
  /** Written to processes that had just ended. */
  readonly unread: ReadonlySet<TurnId>
  readonly processes: readonly ScriptedProcess[]
}

export function checkRest(rest: Rest): void {
  const { store, accepted, processes } = rest
  for (const turnId of accepted) must(store.turns.has(turnId), 'S1', `accepted turn ${turnId} is not stored`)
  const unsettled = store.unsettledTurns().map((turn) => `${turn.id}=${turn.state}`)
  must(unsettled.length === 0 || store.session.blockedBy !== undefined, 'S6', `never ended: ${unsettled.join(' ')}`)
  for (const [turnId, outcome] of store.outcomes) checkDelivery(rest, turnId as TurnId, outcome.delivery)
  const asked = [...store.permissions.values(), ...store.elicitations.rows.values()]
  for (const { id, state, generation, requestId } of asked) {
    must(state !== 'open', 'S9', `request ${id} stays open`)
    const process = processes.find((one) => one.generation === generation)
    const answers = process?.alive ? process.answersTo(requestId) : 1
    must(answers === 1, 'S14', `request ${requestId} of a living process has ${answers} answers`)
  }
  checkAnswers(rest)
  if (store.session.state === 'closed') {
    const outlived = processes.some((process) => process.alive)
    must(!outlived, 'S7', 'a process outlived its session')
  }
  checkImport(rest)
  must(store.session.state !== 'closing', 'S6', 'the session never closes')
  checkBounds(rest)
}

/** What the rows say that a living agent was answered is what it heard: values were not given up before it had them. */
function checkAnswers({ store, processes }: Rest): void {
  for (const { id, generation, requestId, action } of store.elicitations.rows.values()) {
    const process = processes.find((one) => one.generation === generation)
    const heard = process?.alive ? process.heardOf(requestId) : action
    must(heard === action, 'S30', `question ${id} was answered ${action}, but the agent heard ${heard}`)
  }
}

/** The history of a conversation that began without us is there once, if a process of ours went on with it. */
function checkImport({ store: { session, events } }: Rest): void {
  const count = events.filter(({ type }) => type === 'conversation.imported').length
  const isOurs = session.agentSessionId === THEIRS && session.terms.conversation.source !== 'adopted'
  must(count <= 1 && (count === 1 || !isOurs), 'S28', `the history was stored ${count} times`)
}

/** No turn outlives its deadline by more than the grace and the time without a gateway. */
function checkBounds({ store }: Rest): void {
  const boundMs = LIMITS.turnMs + fullGraceMs(LIMITS) + store.awayMs
  for (const [turnId, outcome] of store.outcomes) {
    const dispatchedAt = store.turns.get(turnId)?.dispatchedAt ?? outcome.endedAt
    const ms = outcome.endedAt - dispatchedAt
    must(ms <= boundMs, 'S6', `turn ${turnId} was out for ${ms} ms`)
  }
}

function checkDelivery({ store, deliveries, unread }: Rest, turnId: TurnId, delivery: string): void {
  const count = deliveries.taken(turnId)
  must(delivery !== 'no' || count === 0, 'S11', `turn ${turnId} says delivery no, but an agent got it`)
  const isYes = deliveries.given(turnId) > 0 || unread.has(turnId) || store.turns.get(turnId)?.origin === 'agent'
  must(delivery !== 'yes' || isYes, 'S11', `turn ${turnId} says delivery yes, but no agent got it`)
}
