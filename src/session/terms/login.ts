// The login that an agent wants before it works: the prompt it would not take goes back to the queue, and the session waits for a
// person. Nothing is tried again by itself: after a login somebody says so, for one session or for all of its agent.

import { loginCommand } from '../../agent/login-command.ts'
import type { StoredError } from '../../base/errors.ts'
import type { LoginRecord } from '../../store/records.ts'
import type { Draft } from '../draft.ts'
import { endQueued } from '../turns/end-turn.ts'
import { pump, requeueActive } from '../turns/queue.ts'
import type { ActiveTurn, SessionModel } from '../state.ts'
import type { CallerInput } from '../input.ts'

export { loginCommand } from '../../agent/login-command.ts'

export const LOGIN_ACTIONS = ['retry', 'discard'] as const

/**
 * The agent wants a login, and provably did nothing with the prompt. False: then the turn ends with the error. It does when the
 * prompt says that nothing is to be held up (`on_interrupt: continue`), when its session is there for this one prompt only, and when
 * somebody has asked for its end.
 */
export function waitForLogin(draft: Draft, active: ActiveTurn, error: StoredError): boolean {
  const { state } = draft
  if (error.code !== 'AGENT_AUTH_REQUIRED' || !isKept(state, active)) return false
  const hadOldLogin = 'hasOldLogin' in state.agent && state.agent.hasOldLogin
  requeueActive(draft, { ...active, stage: 'waiting' }, 'the agent needs a login')
  // Somebody has logged in since that process read its login: the next one has the new one.
  if (!hadOldLogin) block(draft, active, error)
  return true
}

function isKept({ mode, phase, onInterrupt }: SessionModel, active: ActiveTurn): boolean {
  if (mode === 'oneshot' || phase.kind === 'closing' || active.cancelling !== undefined) return false
  return (active.onInterrupt ?? onInterrupt) !== 'continue'
}

function block(draft: Draft, { turnId }: ActiveTurn, error: StoredError): void {
  const { state } = draft
  const methods = methodsOf(state, error)
  const login = { methods, reason: reasonOf(error), isElsewhere: isElsewhere(state, error) }
  draft.agree({ login })
  state.blockedBy = turnId
  draft.write({ kind: 'session.patch', patch: { blockedBy: turnId } })
  const agent = state.agentName
  const help = { agent, methods, command: loginCommand({ ...login, agent, sessionId: state.sessionId }) }
  draft.event('session.blocked', turnId, {
    turn_id: turnId,
    reason: 'login_required',
    actions: LOGIN_ACTIONS,
    ...help,
    error,
  })
}

const REASON_CHARS_MAX = 300

function reasonOf({ details }: StoredError): string | undefined {
  const reason = details?.['reason']
  return typeof reason === 'string' && reason !== '' ? reason.slice(0, REASON_CHARS_MAX) : undefined
}

/** One that could not be reached says so; one that is connected and is no process of ours is. */
function isElsewhere({ agent }: SessionModel, { details }: StoredError): boolean {
  return details?.['elsewhere'] === true || (agent.kind === 'ready' && agent.pid === undefined)
}

/** As the process said that asked for the login, else as the last one said that was ready. */
function methodsOf({ agentCapabilities }: SessionModel, { details }: StoredError): LoginRecord['methods'] {
  const told = details?.['methods']
  if (Array.isArray(told)) return told as LoginRecord['methods']
  const { logins = [] } = JSON.parse(agentCapabilities ?? '{}') as { readonly logins?: LoginRecord['methods'] }
  return logins
}

/** Somebody decides about a session that waits for a login: try again, or give up what waits. */
export function decideLogin(draft: Draft, { reply, action }: Extract<CallerInput, { kind: 'resume' }>): void {
  if (action !== 'retry' && action !== 'discard')
    return draft.refuse(reply, 'ACTION_NOT_OFFERED', { action, actions: LOGIN_ACTIONS })
  unblock(draft, action)
  if (action === 'discard') for (const queued of draft.state.queue) endQueued(draft, queued, 'cancelled')
  pump(draft)
  draft.reply(reply, { kind: 'resume' })
}

/**
 * Somebody has logged in to the agent, or out of it: a process that has read the login before takes no further prompt. After a
 * login a session that waited for it goes on.
 */
export function changeLogin(draft: Draft, { reply, isLoggedIn }: Extract<CallerInput, { kind: 'login' }>): void {
  const { agent, terms } = draft.state
  const isRetired = agent.kind === 'ready' && agent.hasOldLogin !== true
  if (agent.kind === 'starting') draft.state.agent = { ...agent, hasOldLogin: true }
  if (agent.kind === 'ready' && isRetired) {
    draft.state.agent = { ...agent, isRetiring: true, hasOldLogin: true }
    draft.event('agent.retired', undefined, { generation: agent.generation, reason: 'login_changed' })
  }
  const isResumed = isLoggedIn && terms.login !== undefined
  if (isResumed) unblock(draft, 'retry')
  pump(draft)
  draft.reply(reply, { kind: 'login', isRetired, isResumed })
}

/** When nothing waits any more, nobody has to log in for it: what waited was cancelled or has expired. */
export function forgetIdleLogin(draft: Draft): void {
  const { terms, queue, active } = draft.state
  if (terms.login !== undefined && queue.length === 0 && active === undefined) unblock(draft, 'discard')
}

function unblock(draft: Draft, action: 'retry' | 'discard'): void {
  const { state } = draft
  const { blockedBy: turnId } = state
  draft.agree({ login: undefined })
  if (turnId === undefined) return // it is being closed
  state.blockedBy = undefined
  draft.write({ kind: 'session.patch', patch: { blockedBy: null } })
  draft.event('session.resumed', turnId, { turn_id: turnId, action })
}
