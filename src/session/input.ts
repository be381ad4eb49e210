// What a session can be told, in types: by its agent process, by callers, by the rows of an earlier life, by the clock.

import type { AgentAnswer, AgentRequestId, Continuity, ControlAnswer, RefusedOption } from '../agent/connection.ts'
import type { Controls } from '../agent/control-plan.ts'
import type { ImportedHistory } from '../agent/link/history.ts'
import type { ElicitationAnswer, ElicitationAsked } from '../agent/elicitations/elicitation.ts'
import type { StoredError } from '../base/errors.ts'
import type { AgentSessionId, ElicitationId, PermissionId, TurnId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { StopReport } from '../keeper/agent-host.ts'
import type { ContinuityPolicy, Lane, OnInterrupt, PermissionRecord, TurnRecord } from '../store/records.ts'
import type { ElicitationRecord } from '../store/elicitation-record.ts'
import type { PermissionMode, PermissionRuleRecord, Unattended } from '../store/permission-rule-record.ts'
import type { EquipmentChange } from './equipment/equipper.ts'
import type { LearnedReplay } from './history/learn-replay.ts'
import type { Judgement } from './permissions/ask-permission.ts'
import type { HeldElicitations } from './elicitations/recover-elicitations.ts'
import type { FamilyChange } from './family/change-family.ts'
import type { TaskReport } from './family/report.ts'
import type { Notice } from './family/take-notice.ts'
import type { OptionsPatch } from './terms/options.ts'
import type { QueueTarget } from './turns/queue-order.ts'
import type { ResetWhat, ResumeAction, WhenBusy } from './service.ts'
import type { RuleChange } from './permissions/standing-rules.ts'
import type { DrainTimes, ReplyTo } from './state.ts'

export interface TurnDraft {
  readonly turnId: TurnId
  readonly prompt: string
  readonly meta?: string | undefined
  readonly bodyHash: string
  readonly idempotencyKey: string | undefined
  readonly onInterrupt: OnInterrupt | undefined
  readonly unattended?: Unattended | undefined
  readonly expiresAt: number | undefined
  readonly deadlineMs?: number | undefined
  /** `interactive` if not given. */
  readonly lane?: Lane | undefined
}

/** Everything an agent process causes; `generation` fences it. `line`: the last one of its output that is accounted for (S13). */
export type AgentInput =
  | {
      readonly kind: 'agent.ready'
      readonly generation: number
      /** Undefined for an agent that is no process of this machine. */
      readonly pid: number | undefined
      readonly agentSessionId: AgentSessionId
      readonly continuity: Continuity
      readonly capabilities: string
      /** What it offers to choose from and what is set. */
      readonly controls: Controls
      readonly refused: readonly RefusedOption[]
      /** Of a conversation that began without us. */
      readonly history?: ImportedHistory | undefined
      /** What was said without us in a conversation of ours. */
      readonly learned?: LearnedReplay | undefined
      readonly definitionDigest: string
      readonly isRetiring: boolean
      readonly line: number
    }
  /** The start failed and its process, if any, is gone. */
  | { readonly kind: 'agent.failed'; readonly generation: number; readonly error: StoredError }
  /** Session updates of one read, each as JSON text; never empty. */
  | {
      readonly kind: 'agent.updates'
      readonly generation: number
      readonly data: readonly string[]
      readonly line: number
    }
  | {
      readonly kind: 'agent.answered'
      readonly generation: number
      readonly turnId: TurnId
      readonly answer: AgentAnswer
      readonly line: number
    }
  | ({
      readonly kind: 'agent.permission'
      readonly generation: number
      readonly permissionId: PermissionId
      readonly requestId: AgentRequestId
      readonly toolCall: string
      readonly options: readonly JsonObject[]
      readonly line: number
    } & Judgement)
  | ({
      readonly kind: 'agent.elicitation'
      readonly generation: number
      readonly elicitationId: ElicitationId
      /** A client is there that sees it. */
      readonly isAttended: boolean
    } & ElicitationAsked)
  /** What a URL was for is done; `id` is the agent's name of the elicitation. */
  | {
      readonly kind: 'agent.elicitation_completed'
      readonly generation: number
      readonly id: string
      readonly line: number
    }
  /** The answer has reached the agent, or cannot be kept from it by the end of the gateway. */
  | { readonly kind: 'agent.answer_left'; readonly generation: number; readonly elicitationId: ElicitationId }
  /** A mode, config option or session info update; it comes as `agent.updates` too. */
  | {
      readonly kind: 'agent.described'
      readonly generation: number
      readonly update: JsonObject
      readonly line: number
    }
  | {
      readonly kind: 'agent.controlled'
      readonly generation: number
      readonly no: number
      readonly answer: ControlAnswer
      readonly line: number
    }
  | {
      readonly kind: 'agent.request_cancelled'
      readonly generation: number
      readonly requestId: AgentRequestId
      readonly line: number
    }
  /** A command that the agent runs in a terminal goes on; nothing of it is stored. */
  | { readonly kind: 'agent.alive'; readonly generation: number }
  /** The connection cannot be used any more: exit, closed pipe, line too long, deaf stdin. The process may still live. */
  | {
      readonly kind: 'agent.lost'
      readonly generation: number
      readonly error: StoredError
      /** The turn whose prompt is provably not written, if that is the one that is out. */
      readonly unsent?: TurnId | undefined
    }
  | { readonly kind: 'agent.stopped'; readonly generation: number; readonly report: StopReport }
  | { readonly kind: 'agent.extension'; readonly generation: number; readonly data: string; readonly line: number }
  | { readonly kind: 'agent.warning'; readonly generation: number; readonly data: string; readonly line: number }

export type CallerInput =
  | {
      readonly kind: 'prompt'
      readonly reply: ReplyTo
      readonly draft: TurnDraft
      /** `queue` if not given. */
      readonly whenBusy?: WhenBusy | undefined
      /** As many prompts are queued in all sessions as may be. */
      readonly isGatewayFull?: boolean
    }
  | {
      readonly kind: 'edit'
      readonly reply: ReplyTo
      readonly turnId: TurnId
      readonly prompt: string | undefined
      /** null: it does not expire any more. */
      readonly expiresAt: number | null | undefined
      readonly to: QueueTarget | undefined
    }
  /** The pass `no` that was asked for is there. */
  | { readonly kind: 'lane.passed'; readonly no: number }
  | { readonly kind: 'cancel'; readonly reply: ReplyTo; readonly turnId: TurnId | undefined }
  | {
      readonly kind: 'answer'
      readonly reply: ReplyTo
      readonly permissionId: PermissionId
      readonly optionId: string
      readonly answeredBy: string
      /** The answer holds for later requests too. */
      readonly rule?: PermissionRuleRecord | undefined
    }
  | {
      readonly kind: 'answer_elicitation'
      readonly reply: ReplyTo
      readonly elicitationId: ElicitationId
      readonly answer: ElicitationAnswer
      readonly answeredBy: string
    }
  | { readonly kind: 'permission_mode'; readonly reply: ReplyTo; readonly mode: PermissionMode; readonly by: string }
  /** A rule whose scope is this session. */
  | { readonly kind: 'permission_rule'; readonly reply: ReplyTo; readonly change: RuleChange }
  /** No client sees any more what waits for a person. */
  | { readonly kind: 'unattended' }
  /** `draft` is the prompt of the interrupted turn under a new id; used by `retry` only. */
  | {
      readonly kind: 'resume'
      readonly reply: ReplyTo
      readonly action: ResumeAction
      readonly draft: TurnDraft | undefined
    }
  | {
      readonly kind: 'change'
      readonly reply: ReplyTo
      readonly patch: OptionsPatch
      readonly continuity: ContinuityPolicy | undefined
    }
  | { readonly kind: 'equip'; readonly reply: ReplyTo; readonly change: EquipmentChange }
  | { readonly kind: 'reset'; readonly reply: ReplyTo; readonly what: ResetWhat; readonly force: boolean }
  /** Somebody has logged in to the agent on this machine, or out of it. */
  | { readonly kind: 'login'; readonly reply: ReplyTo; readonly isLoggedIn: boolean }
  | { readonly kind: 'close'; readonly reply: ReplyTo }
  /** The agent is to be there, also without a prompt. */
  | { readonly kind: 'begin'; readonly reply: ReplyTo }
  | { readonly kind: 'describe'; readonly reply: ReplyTo; readonly change: FamilyChange }
  /** A task of this session has something to tell. */
  | { readonly kind: 'notice'; readonly reply: ReplyTo; readonly notice: Notice }
  /** The gateway has left its safe mode: the queue goes on. */
  | { readonly kind: 'go_on' }
  /** Another session needs the agent slot: an idle agent is stopped, its conversation is resumed at the next prompt. */
  | { readonly kind: 'evict' }
  /** Its agent is defined otherwise now: the process that it has ends when no turn is out. */
  | { readonly kind: 'redefined' }
  /** The gateway stops: no dispatch any more, the active turn may run until its budget is over. */
  | ({ readonly kind: 'drain'; readonly reply: ReplyTo; readonly spareTurnId: TurnId } & DrainTimes)

/** The agent process of an earlier life that this one goes on with. */
export interface AttachedAgent {
  readonly generation: number
  readonly pid: number
  /** The last line whose effect is stored. */
  readonly line: number
  readonly isRetiring: boolean
  /** The configuration starts this agent otherwise by now. */
  readonly isOutdated: boolean
  /** The unsettled turn whose prompt it was given, if there is one. */
  readonly turnId: TurnId | undefined
  /** Its permission requests that are closed in the rows, but whose outcome it was not told. */
  readonly untold: readonly PermissionRecord[]
  readonly elicitations?: HeldElicitations
  /** Compactions of the turn's context that were under way when it was heard last. */
  readonly compacting?: readonly string[]
}

/** First input of an actor's life: what the rows of an earlier life say is still open. */
export interface OpenedInput {
  readonly kind: 'opened'
  readonly reply: ReplyTo
  /** Queued, dispatching and running turns in accept order. */
  readonly turns: readonly TurnRecord[]
  readonly openPermissions: readonly PermissionRecord[]
  /** Those that are open, or whose values are kept. */
  readonly elicitations: readonly ElicitationRecord[]
  readonly closing: boolean
  /** The gateway is in safe mode: what goes on goes on, nothing is begun. */
  readonly isPaused?: boolean
  /** The gateway drains: the session is opened for a close or a cancel, and nothing is begun. */
  readonly draining?: DrainTimes | undefined
  /** Undefined when no process of the session's newest generation outlived the earlier life. */
  readonly attached: AttachedAgent | undefined
  /** What was heard of the attached agent's turn, if that is a task. */
  readonly report?: TaskReport | undefined
  /** Id for the new turn that the policy `retry` makes. */
  readonly spareTurnId: TurnId
}

export type Input = AgentInput | CallerInput | OpenedInput | { readonly kind: 'tick' }
