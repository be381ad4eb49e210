// The session's state machine in types: state, inputs, effects. No behaviour. Spec: docs/session-lifecycle.md.

import type {
  AgentAnswer,
  AgentRequestId,
  Continuity,
  ControlAnswer,
  PermissionOutcome,
  RefusedOption,
  WhenLost,
} from '../agent/connection.ts'
import type { ControlRequest, Controls, WantedOption } from '../agent/control-plan.ts'
import type { ImportedHistory } from '../agent/history.ts'
import type { ErrorDetails, ErrorCode, StoredError } from '../base/errors.ts'
import type { AgentSessionId, PermissionId, RuleId, SessionId, TurnId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { StopReport } from '../keeper/agent-host.ts'
import type {
  Cancelling,
  ContinuityPolicy,
  Delivery,
  Lane,
  OnInterrupt,
  PermissionRecord,
  SessionFamily,
  SessionMode,
  SessionNo,
  SessionTerms,
  TurnOrigin,
  TurnRecord,
} from '../store/records.ts'
import type { PermissionMode, PermissionRuleRecord, Unattended } from '../store/permission-rule-record.ts'
import type { SessionWrite } from '../store/store.ts'
import type { Judgement } from './permissions/ask-permission.ts'
import type { FamilyChange } from './family/change-family.ts'
import type { TaskReport } from './family/report.ts'
import type { Notice } from './family/take-notice.ts'
import type { OptionsPatch } from './terms/options.ts'
import type { QueueTarget } from './turns/queue-order.ts'
import type { ResetWhat, ResumeAction, WhenBusy } from './service.ts'
import type { RuleChange } from './permissions/standing-rules.ts'

/** Bounds of one session; milliseconds, bytes and counts. From the configuration: read at each use, for a reload changes them. */
export interface SessionLimits {
  readonly startMs: number
  readonly silenceMs: number
  /** 0 = no limit on the whole turn. */
  readonly turnMs: number
  readonly cancelGraceMs: number
  readonly permissionMs: number
  readonly stopMs: number
  /** How long the agent may take to answer a change of an option while no turn is out. */
  readonly controlMs: number
  readonly queueDepthMax: number
  /** Queued prompts of all sessions; enforced by the service, named in the refusal. */
  readonly queuedMax: number
  /** Pause before the start that follows a failed one; doubles with each that fails in a row. */
  readonly startPauseMs: number
  /** A turn of the agent's own ends when nothing was heard for so long. */
  readonly agentQuietMs: number
  /** What the agent says within this time after a turn belongs to none. */
  readonly lateOutputMs: number
  /** Lanes whose turns are bounded over all sessions: a turn of them waits for a pass. */
  readonly boundLanes: readonly Lane[]
  readonly permissionsOpenMax: number
  /** What becomes of permission requests while nobody is there, unless the turn says otherwise; `ask` if absent. */
  readonly unattended?: Unattended
  readonly turnBytesMax: number
  readonly turnEventsMax: number
}

/** Who waits for an answer; opaque to the reducer. */
export type ReplyTo = number & { readonly __id: 'reply' }

export interface QueuedTurn {
  readonly turnId: TurnId
  readonly n: number
  /** Rank in the queue: smaller is sooner. */
  readonly place: number
  readonly origin: TurnOrigin
  /** ACP content blocks as JSON text. */
  readonly prompt: string
  readonly onInterrupt: OnInterrupt | undefined
  readonly unattended?: Unattended | undefined
  readonly expiresAt: number | undefined
  readonly deadlineMs: number | undefined
  readonly lane: Lane
  /** Agents that were lost before they got its prompt. */
  readonly startsFailed: number
}

/**
 * The one turn that is out of the queue.
 * `waiting`: no byte was sent, delivery is `no`. `sent`: dispatch is committed, delivery `unknown`. `running`: the agent has answered, delivery `yes`.
 */
export interface ActiveTurn extends QueuedTurn {
  readonly stage: 'waiting' | 'sent' | 'running'
  readonly sentAt: number
  readonly lastSignAt: number
  readonly bytes: number
  readonly events: number
  /** Tool calls of the agent's own turn that have not ended; not looked at in any other turn. */
  readonly openTools: readonly string[]
  /** Ids of the compactions of its context that are under way. */
  readonly compacting: readonly string[]
  readonly cancelling: Cancelling | undefined
}

export type AgentLink =
  | { readonly kind: 'none' }
  | { readonly kind: 'starting'; readonly generation: number; readonly deadlineAt: number }
  /** `isRetiring`: to be stopped as soon as no turn is out. */
  | { readonly kind: 'ready'; readonly generation: number; readonly pid: number; readonly isRetiring: boolean }
  | { readonly kind: 'stopping'; readonly generation: number; readonly deadlineAt: number }

export interface OpenPermission {
  readonly id: PermissionId
  readonly turnId: TurnId | undefined
  readonly requestId: AgentRequestId
  readonly optionIds: readonly string[]
  /** The offered way to say no, for when nobody answers. */
  readonly rejectOptionId: string | undefined
  /** What its tool call is called, and which of the options mean yes; for the task that the turn may be. */
  readonly title: string
  readonly allowIds: readonly string[]
  readonly dueAt: number
}

/** A change of options that waits for the agent, or for its turn with it. */
export interface OptionChange {
  readonly reply: ReplyTo
  readonly patch: OptionsPatch
  readonly continuity: ContinuityPolicy | undefined
  /** What is still to be asked of the agent. */
  readonly wanted: readonly WantedOption[]
  /** What it was asked and has not answered; `since`: epoch ms. */
  readonly sent:
    | {
        readonly no: number
        readonly wanted: WantedOption
        readonly request: ControlRequest
        readonly since: number
      }
    | undefined
  /** It has taken some of it already. */
  readonly hasTaken: boolean
}

export interface PendingReset {
  readonly reply: ReplyTo
  readonly what: ResetWhat
}

/** Epoch ms. */
export interface DrainTimes {
  /** A turn that is out is cancelled then; one that compacts its context at once. */
  readonly budgetAt: number
  /** A turn that was cancelled has ended then, whatever its grace was. */
  readonly graceAtMax: number
}

export type Phase =
  | { readonly kind: 'open' }
  | ({ readonly kind: 'draining' } & DrainTimes)
  | { readonly kind: 'closing' }
  | { readonly kind: 'closed' }

export interface SessionModel {
  readonly sessionNo: SessionNo
  readonly sessionId: SessionId
  readonly mode: SessionMode
  readonly onInterrupt: OnInterrupt
  readonly permissionMode: PermissionMode
  readonly cwd: string
  readonly agentName: string
  readonly phase: Phase
  /** Nothing is handed out and no agent is started until somebody says so: the gateway is in safe mode. */
  readonly isPaused: boolean
  readonly queue: readonly QueuedTurn[]
  readonly active: ActiveTurn | undefined
  readonly blockedBy: TurnId | undefined
  readonly agent: AgentLink
  /** Number of the newest agent process; the fence of everything an agent says. */
  readonly generation: number
  readonly agentSessionId: AgentSessionId | undefined
  readonly agentCapabilities: string | undefined
  readonly terms: SessionTerms
  /** In the order in which they came; only the first is with the agent. */
  readonly changes: readonly OptionChange[]
  /** Number of the newest request that sets something; fences late answers. */
  readonly controlNo: number
  readonly resets: readonly PendingReset[]
  readonly permissions: readonly OpenPermission[]
  readonly lastTurnN: number
  /** Id for a new turn that nobody asks for: a retry, or work of the agent's own. The actor sees to it that there is one. */
  readonly spareTurnId: TurnId | undefined
  /** When a turn ended last; 0 before the first. Not counted: those of the agent's own that were completed. */
  readonly lastEndAt: number
  /** Starts that failed in a row, and when the next one may be. */
  readonly startsFailed: number
  readonly startNotBefore: number
  /** The right to have a turn out in a bounded lane: asked for, or held. */
  readonly lanePass: LanePass | undefined
  readonly lanePassNo: number
  /** Turns that a close has ended or asked to end. */
  readonly closedTurns: readonly TurnId[]
  /** Callers of close and drain that wait for the last process to be gone. */
  readonly waiters: readonly ReplyTo[]
  readonly lastStop: StopReport | undefined
  readonly family: SessionFamily
  /** What is heard in the turn that is out, while it is a task of the parent. */
  readonly report: TaskReport | undefined
}

export interface LanePass {
  /** Tells a pass from one that was given back. */
  readonly no: number
  readonly lane: Lane
  readonly isHeld: boolean
  /** A turn went out with it: good for no other one. */
  readonly isUsed: boolean
}

export interface TurnDraft {
  readonly turnId: TurnId
  readonly prompt: string
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
      readonly pid: number
      readonly agentSessionId: AgentSessionId
      readonly continuity: Continuity
      readonly capabilities: string
      /** What it offers to choose from and what is set. */
      readonly controls: Controls
      readonly refused: readonly RefusedOption[]
      /** Of a conversation that began without us. */
      readonly history?: ImportedHistory | undefined
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
  | { readonly kind: 'permission_mode'; readonly reply: ReplyTo; readonly mode: PermissionMode; readonly by: string }
  /** A rule whose scope is this session. */
  | { readonly kind: 'permission_rule'; readonly reply: ReplyTo; readonly change: RuleChange }
  /** No client sees the session's permission requests any more. */
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
  | { readonly kind: 'reset'; readonly reply: ReplyTo; readonly what: ResetWhat; readonly force: boolean }
  | { readonly kind: 'close'; readonly reply: ReplyTo }
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

/** What became of the turns that an earlier life left with an agent. */
export interface RecoveredTurns {
  readonly takenOver: number
  readonly interrupted: number
}

export type Input = AgentInput | CallerInput | OpenedInput | { readonly kind: 'tick' }

export type ReplyValue =
  | { readonly kind: 'prompt'; readonly turn: TurnRecord; readonly position: number }
  | { readonly kind: 'replay'; readonly turn: TurnRecord; readonly position: number }
  | { readonly kind: 'cancel'; readonly outcome: 'ended' | 'requested' | 'none'; readonly turns: readonly TurnId[] }
  | { readonly kind: 'edit'; readonly turnId: TurnId }
  | { readonly kind: 'answer'; readonly permissionId: PermissionId }
  | { readonly kind: 'permission_mode' }
  | { readonly kind: 'permission_rule' }
  | { readonly kind: 'opened'; readonly turns: RecoveredTurns }
  | { readonly kind: 'described' }
  | { readonly kind: 'noticed' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'change' }
  | { readonly kind: 'reset'; readonly stopped: StopReport | undefined; readonly cleared: readonly string[] }
  | { readonly kind: 'gone'; readonly stopped: StopReport | undefined; readonly turns: readonly TurnId[] }
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly details: ErrorDetails }

export type Effect =
  | { readonly kind: 'reply'; readonly to: ReplyTo; readonly value: ReplyValue }
  | {
      readonly kind: 'agent.start'
      readonly generation: number
      readonly resume: AgentSessionId | undefined
      readonly whenLost: WhenLost
      readonly wantsHistory: boolean
      readonly options: readonly WantedOption[]
      /** Of the turn that needs it: decides who starts first when slots are short. */
      readonly lane: Lane
    }
  /** Hears an agent that this life goes on with; it was silent until now. */
  | { readonly kind: 'agent.listen'; readonly generation: number }
  | { readonly kind: 'agent.prompt'; readonly generation: number; readonly turnId: TurnId; readonly prompt: string }
  | {
      readonly kind: 'agent.control'
      readonly generation: number
      readonly no: number
      readonly request: ControlRequest
    }
  | { readonly kind: 'agent.cancel'; readonly generation: number; readonly turnId: TurnId }
  | {
      readonly kind: 'agent.permission'
      readonly generation: number
      readonly requestId: AgentRequestId
      readonly outcome: PermissionOutcome
    }
  | { readonly kind: 'agent.stop'; readonly generation: number }
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

export type DropName = 'late_generation' | 'unknown_answer' | 'permission_overflow'

/** What one input does: the new state, what must be committed, and what may happen only after the commit. */
export interface Transition {
  readonly state: SessionModel
  readonly writes: readonly SessionWrite[]
  readonly effects: readonly Effect[]
}

/** Delivery as the stage of a turn proves it. */
export function deliveryOf(stage: ActiveTurn['stage']): Delivery {
  return stage === 'waiting' ? 'no' : stage === 'sent' ? 'unknown' : 'yes'
}
