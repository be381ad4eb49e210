// The session's reducer: one input, one transition. Pure: no clock, no I/O, no randomness. Spec: docs/session-lifecycle.md.

import { unreachable } from '../base/assert.ts'
import { acceptPrompt } from './turns/accept-prompt.ts'
import {
  agentAnswered,
  agentFailed,
  agentLost,
  agentReady,
  agentStopped,
  agentUpdates,
  evictAgent,
  retireAgent,
} from './agents/agent-link.ts'
import { beginAgent, settleBegins } from './agents/begin-agent.ts'
import { cancelTurn } from './turns/cancel.ts'
import { closeSession, drainSession, settlePhase } from './closing.ts'
import { passDeadlines } from './deadlines.ts'
import { Draft } from './draft.ts'
import { abandonElicitations, askElicitation } from './elicitations/ask-elicitation.ts'
import {
  answerElicitation,
  completeElicitation,
  forgetAnswer,
  withdrawElicitation,
} from './elicitations/elicitations.ts'
import { changeEquipment } from './equipment/change-equipment.ts'
import { changeFamily } from './family/change-family.ts'
import { takeNotice } from './family/take-notice.ts'
import { changeLogin, forgetIdleLogin } from './terms/login.ts'
import { hearDescription } from './terms/offers.ts'
import { changeOptions, controlAnswered } from './terms/option-changes.ts'
import { abandonPermissions, askPermission, changePermissionMode } from './permissions/ask-permission.ts'
import { answerPermission, withdrawPermission } from './permissions/permissions.ts'
import { pump } from './turns/queue.ts'
import { editQueued } from './turns/edit-queue.ts'
import { lanePassed, settleLanePass } from './agents/lane-pass.ts'
import { recoverSession, resumeSession } from './recovery.ts'
import { resetSession } from './terms/reset.ts'
import { signOfLife } from './turns/sign-of-life.ts'
import { changeRule } from './permissions/standing-rules.ts'
import type { SessionLimits, SessionModel } from './state.ts'
import type { AgentInput, Input } from './input.ts'
import type { Transition } from './effect.ts'

/** What `input` does to `state` at `now` (epoch ms). The caller commits `writes`, then publishes, then performs `effects` in order. */
export function next(state: SessionModel, input: Input, limits: SessionLimits, now: number): Transition {
  const draft = new Draft(state, limits, now)
  takeInput(draft, input)
  // A one-shot session may have begun to close in any rule that ends a turn.
  if (draft.state.phase.kind === 'closing') settlePhase(draft)
  forgetIdleLogin(draft)
  settleBegins(draft)
  settleLanePass(draft)
  return draft.finish()
}

function takeInput(draft: Draft, input: Input): void {
  switch (input.kind) {
    case 'opened':
      return recoverSession(draft, input)
    case 'prompt':
      return acceptPrompt(draft, input)
    case 'edit':
      return editQueued(draft, input)
    case 'lane.passed':
      lanePassed(draft, input.no)
      return pump(draft)
    case 'cancel':
      return cancelTurn(draft, input)
    case 'answer':
      return answerPermission(draft, input)
    case 'answer_elicitation':
      return answerElicitation(draft, input)
    case 'permission_mode':
      return changePermissionMode(draft, input)
    case 'permission_rule':
      return changeRule(draft, input)
    case 'unattended':
      abandonPermissions(draft)
      return abandonElicitations(draft)
    case 'resume':
      return resumeSession(draft, input)
    case 'change':
      return changeOptions(draft, input)
    case 'equip':
      return changeEquipment(draft, input)
    case 'reset':
      return resetSession(draft, input)
    case 'login':
      return changeLogin(draft, input)
    case 'close':
      return closeSession(draft, input.reply)
    case 'begin':
      return beginAgent(draft, input)
    case 'drain':
      return drainSession(draft, input)
    case 'describe':
      return changeFamily(draft, input)
    case 'notice':
      return takeNotice(draft, input)
    case 'go_on':
      draft.state.isPaused = false
      return pump(draft)
    case 'redefined':
      return retireAgent(draft)
    case 'evict':
      return evictAgent(draft)
    case 'tick':
      return passDeadlines(draft)
    default:
      if (isOfThisLife(draft.state, input)) takeFromAgent(draft, input)
      else draft.effect({ kind: 'count', name: 'late_generation' })
  }
}

/** S4, the generation fence: only the process that the session has now may be heard, and only what fits its stage of life. */
function isOfThisLife(state: SessionModel, input: AgentInput): boolean {
  const { agent } = state
  if (agent.kind === 'none' || agent.generation !== input.generation) return false
  if (agent.kind === 'starting')
    return input.kind === 'agent.ready' || input.kind === 'agent.failed' || input.kind === 'agent.warning'
  if (agent.kind === 'stopping') return input.kind === 'agent.stopped'
  return input.kind !== 'agent.ready' && input.kind !== 'agent.failed' && input.kind !== 'agent.stopped'
}

function takeFromAgent(draft: Draft, input: AgentInput): void {
  if ('line' in input && draft.state.agent.kind !== 'starting') draft.reached(input.line)
  switch (input.kind) {
    case 'agent.ready':
      return agentReady(draft, input)
    case 'agent.failed':
      return agentFailed(draft, input.error)
    case 'agent.updates':
      return agentUpdates(draft, input.data)
    case 'agent.answered':
      return agentAnswered(draft, input)
    case 'agent.permission':
      return askPermission(draft, input)
    case 'agent.elicitation':
      return askElicitation(draft, input)
    case 'agent.elicitation_completed':
      return completeElicitation(draft, input.id)
    case 'agent.answer_left':
      return forgetAnswer(draft, input.elicitationId)
    case 'agent.described':
      return hearDescription(draft, input.update)
    case 'agent.controlled':
      return controlAnswered(draft, input)
    case 'agent.request_cancelled':
      withdrawPermission(draft, input.requestId)
      return withdrawElicitation(draft, input.requestId)
    case 'agent.alive':
      return signOfLife(draft)
    case 'agent.lost':
      return agentLost(draft, input)
    case 'agent.stopped':
      return agentStopped(draft, input)
    case 'agent.extension':
      return draft.eventText('agent.extension', draft.state.active?.turnId, input.data)
    case 'agent.warning':
      return draft.eventText('agent.warning', draft.state.active?.turnId, input.data)
    default:
      return unreachable(input)
  }
}
