// The agent's conversation: what a start goes on with, what became of it, and what happens when it is lost. A conversation that
// was given a prompt is never replaced without an event (S16), and nothing that was sent is ever sent into another one.

import type { Continuity, WhenLost } from '../../agent/connection.ts'
import type { StoredError } from '../../base/errors.ts'
import type { AgentSessionId } from '../../base/ids.ts'
import type { ConversationRecord } from '../../store/records.ts'
import type { Draft } from '../draft.ts'
import { endQueued } from '../turns/end-turn.ts'
import { pump, requeueActive } from '../turns/queue.ts'
import type { ActiveTurn, SessionModel } from '../state.ts'
import type { AgentInput, CallerInput } from '../input.ts'

type Ready = Extract<AgentInput, { kind: 'agent.ready' }>

const ACTIONS = ['fresh', 'retry', 'discard'] as const

/** What the next process is to go on with; undefined: it begins. One that no prompt was given in holds nothing to go on with. */
export function toContinue({ agentSessionId, terms }: SessionModel): AgentSessionId | undefined {
  const { isUsed, anew } = terms.conversation
  return isUsed && anew === undefined ? agentSessionId : undefined
}

/** The first start makes it from the conversation of another session. */
export function isForking({ terms }: SessionModel): boolean {
  const { source, anew } = terms.conversation
  return source === 'forking' && anew === undefined
}

export function whenLost({ terms }: SessionModel): WhenLost {
  const { continuity } = terms
  return continuity === 'fork' || continuity === 'fresh' ? continuity : 'fail'
}

const SOURCES: Readonly<Record<Continuity, ConversationRecord['source']>> = {
  new: 'new',
  fresh: 'new',
  resumed: 'resume',
  loaded: 'load',
  forked: 'fork',
}

const BEGINS: ReadonlySet<Continuity> = new Set(['new', 'fresh', 'forked'])

/** The agent has said which conversation it has. Told before anything that it says in it. */
export function beginConversation(draft: Draft, { agentSessionId: to, continuity }: Ready): void {
  const { agentSessionId: from, terms } = draft.state
  const { conversation } = terms
  const isSame = from === to
  if (from !== undefined && !isSame && conversation.isUsed) {
    const reason = conversation.anew ?? (continuity === 'forked' ? 'forked' : 'policy')
    draft.event('conversation.replaced', draft.state.active?.turnId, { from, to, reason })
  }
  const isUsed = continuity === 'forked' || (isSame && conversation.isUsed)
  const isBegun = BEGINS.has(continuity)
  const begunAt = isBegun ? draft.now : conversation.begunAt
  const begun = { source: SOURCES[continuity], isUsed, begunAt, anew: undefined, isLost: false }
  if (isBegun || !isSame || conversation.source !== begun.source || conversation.anew !== undefined)
    draft.agree({ conversation: begun })
}

/** A prompt is about to be given in it. */
export function useConversation(draft: Draft): void {
  const { conversation } = draft.state.terms
  if (!conversation.isUsed) draft.agree({ conversation: { ...conversation, isUsed: true } })
}

/** The agent cannot go on with it. False: then the turn that waits for it fails. */
export function loseConversation(draft: Draft, active: ActiveTurn, error: StoredError): boolean {
  const { continuity, conversation } = draft.state.terms
  if (error.code !== 'AGENT_CONVERSATION_LOST' || continuity === 'resume') return false
  if (continuity === 'fresh') {
    // Chosen while the agent was starting.
    draft.agree({ conversation: { ...conversation, anew: 'decided' } })
    return true
  }
  requeueActive(draft, active, 'the agent cannot go on with its conversation')
  draft.agree({ conversation: { ...conversation, isLost: true } })
  draft.state.blockedBy = active.turnId
  draft.write({ kind: 'session.patch', patch: { blockedBy: active.turnId } })
  const blocked = { turn_id: active.turnId, reason: 'conversation_lost', actions: ACTIONS, error }
  draft.event('session.blocked', active.turnId, blocked)
  return true
}

/** Somebody decides about a session whose conversation is lost: begin another, try again, or give up what waits. */
export function decideLost(draft: Draft, { reply, action }: Extract<CallerInput, { kind: 'resume' }>): void {
  const { state } = draft
  const turnId = state.blockedBy
  unblockLost(draft, action === 'fresh' ? 'decided' : undefined)
  draft.event('session.resumed', turnId, { turn_id: turnId ?? null, action })
  if (action === 'discard') for (const queued of state.queue) endQueued(draft, queued, 'cancelled')
  pump(draft)
  draft.reply(reply, { kind: 'resume' })
}

/** The session no longer waits for a decision about its conversation; `anew` says why the next one is another. */
export function unblockLost(draft: Draft, anew: ConversationRecord['anew']): void {
  const { state } = draft
  const { conversation } = state.terms
  draft.agree({ conversation: { ...conversation, isLost: false, anew: anew ?? conversation.anew } })
  if (!conversation.isLost) return
  state.blockedBy = undefined
  draft.write({ kind: 'session.patch', patch: { blockedBy: null } })
}
