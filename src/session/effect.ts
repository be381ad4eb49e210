// What one input does, in types: the new state, the rows, and what may happen only after the commit.

import type { AgentRequestId, PermissionOutcome, WhenLost } from '../agent/connection.ts'
import type { ControlRequest, WantedOption } from '../agent/control-plan.ts'
import type { ElicitationAnswer } from '../agent/elicitations/elicitation.ts'
import type { ErrorDetails, ErrorCode } from '../base/errors.ts'
import type { AgentSessionId, ElicitationId, PermissionId, RuleId, TurnId } from '../base/ids.ts'
import type { StopReport } from '../keeper/agent-host.ts'
import type { Lane, SessionEquipment, TurnRecord } from '../store/records.ts'
import type { PermissionRuleRecord } from '../store/permission-rule-record.ts'
import type { SessionWrite } from '../store/store.ts'
import type { ReplyTo, SessionModel } from './state.ts'

/** What became of the turns that an earlier life left with an agent. */
export interface RecoveredTurns {
  readonly takenOver: number
  readonly interrupted: number
}

export type ReplyValue =
  | { readonly kind: 'prompt'; readonly turn: TurnRecord; readonly position: number }
  | { readonly kind: 'replay'; readonly turn: TurnRecord; readonly position: number }
  | { readonly kind: 'cancel'; readonly outcome: 'ended' | 'requested' | 'none'; readonly turns: readonly TurnId[] }
  | { readonly kind: 'edit'; readonly turnId: TurnId }
  | { readonly kind: 'answer'; readonly permissionId: PermissionId }
  | { readonly kind: 'answer_elicitation' }
  | { readonly kind: 'permission_mode' }
  | { readonly kind: 'permission_rule' }
  | { readonly kind: 'opened'; readonly turns: RecoveredTurns }
  | { readonly kind: 'described' }
  | { readonly kind: 'noticed' }
  | { readonly kind: 'begun' }
  | { readonly kind: 'resume' }
  /** `isRetired`: a process takes no further prompt because of it. `isResumed`: the session had waited for it. */
  | { readonly kind: 'login'; readonly isRetired: boolean; readonly isResumed: boolean }
  | { readonly kind: 'change' }
  | { readonly kind: 'equipped' }
  | { readonly kind: 'reset'; readonly stopped: StopReport | undefined; readonly cleared: readonly string[] }
  | { readonly kind: 'gone'; readonly stopped: StopReport | undefined; readonly turns: readonly TurnId[] }
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly details: ErrorDetails }

export type Effect =
  | { readonly kind: 'reply'; readonly to: ReplyTo; readonly value: ReplyValue }
  | {
      readonly kind: 'agent.start'
      readonly generation: number
      readonly resume: AgentSessionId | undefined
      /** When that began, epoch ms. */
      readonly begunAt: number | undefined
      readonly whenLost: WhenLost
      readonly wantsHistory: boolean
      /** Its conversation is made from that of another session. */
      readonly isFork: boolean
      readonly options: readonly WantedOption[]
      readonly equipment: SessionEquipment
      /** Of the turn that needs it: decides who starts first when slots are short. */
      readonly lane: Lane
    }
  /** Hears an agent that this life goes on with; it was silent until now. */
  | { readonly kind: 'agent.listen'; readonly generation: number }
  | {
      readonly kind: 'agent.prompt'
      readonly generation: number
      readonly turnId: TurnId
      readonly prompt: string
      readonly meta: string | undefined
    }
  | {
      readonly kind: 'agent.control'
      readonly generation: number
      readonly no: number
      readonly request: ControlRequest
    }
  | { readonly kind: 'agent.cancel'; readonly generation: number; readonly turnId: TurnId }
  /** Takes the request of the prompt back: `$/cancel_request`. */
  | { readonly kind: 'agent.withdraw'; readonly generation: number; readonly turnId: TurnId }
  | {
      readonly kind: 'agent.permission'
      readonly generation: number
      readonly requestId: AgentRequestId
      readonly outcome: PermissionOutcome
    }
  | {
      readonly kind: 'agent.elicitation'
      readonly generation: number
      readonly requestId: AgentRequestId
      readonly answer: ElicitationAnswer
      /** Set when its values are stored until it has left: then `agent.answer_left` is to come. */
      readonly keptFor: ElicitationId | undefined
    }
  /** `isClosed`: nothing is to go on in its session, and it is told so. */
  | { readonly kind: 'agent.stop'; readonly generation: number; readonly isClosed: boolean }
  /** A rule is in force, or no longer. */
  | { readonly kind: 'rule.learn'; readonly rule: PermissionRuleRecord }
  | { readonly kind: 'rule.forget'; readonly ruleId: RuleId }
  /** The row of a task has something to tell its parent. */
  | { readonly kind: 'task.due' }
  /** Asks for a pass, or takes one beyond the bound for a turn that goes on. */
  | { readonly kind: 'lane.enter'; readonly no: number; readonly lane: Lane; readonly isTaken: boolean }
  | { readonly kind: 'lane.leave'; readonly no: number }
  /** Something of an older generation or of no turn was refused; counted, never an error. */
  | { readonly kind: 'count'; readonly name: DropName }
  /** The session is closed or drained: the actor has nothing left to do. */
  | { readonly kind: 'end' }

export type DropName = 'late_generation' | 'unknown_answer' | 'permission_overflow' | 'elicitation_overflow'

/** What one input does: the new state, what must be committed, and what may happen only after the commit. */
export interface Transition {
  readonly state: SessionModel
  readonly writes: readonly SessionWrite[]
  readonly effects: readonly Effect[]
}
