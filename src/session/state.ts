// What a session is between two inputs, in types; no behaviour. What comes in is in input.ts, what goes out in effect.ts.
// Spec: docs/session-lifecycle.md.

import type { AgentRequestId } from '../agent/connection.ts'
import type { ControlRequest, WantedOption } from '../agent/control-plan.ts'
import type { Form } from '../base/form/fields.ts'
import type { AgentSessionId, ElicitationId, PermissionId, SessionId, TurnId } from '../base/ids.ts'
import type { StopReport } from '../keeper/agent-host.ts'
import type {
  Cancelling,
  ContinuityPolicy,
  Delivery,
  Lane,
  OnInterrupt,
  SessionFamily,
  SessionMode,
  SessionNo,
  SessionTerms,
  TurnOrigin,
} from '../store/records.ts'
import type { PermissionMode, Unattended } from '../store/permission-rule-record.ts'
import type { AwaitedElicitation } from './elicitations/elicitations.ts'
import type { TaskReport } from './family/report.ts'
import type { OptionsPatch } from './terms/options.ts'
import type { ResetWhat } from './service.ts'

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
  /** What becomes of what waits for a person while nobody is there, unless the turn says otherwise; `ask` if absent. */
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
  /** `_meta` beside it, as JSON text. */
  readonly meta?: string | undefined
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
  /** The agent was asked a second time to end it; not stored, for asking again changes nothing. */
  readonly isWithdrawn?: boolean
}

/** `hasOldLogin`: somebody has logged in or out since it was started. */
export type AgentLink =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'starting'
      readonly generation: number
      readonly deadlineAt: number
      readonly isRetiring: boolean
      readonly hasOldLogin?: true
    }
  /** `isRetiring`: to be stopped as soon as no turn is out. Without a pid it is a connection: it ends with this gateway. */
  | {
      readonly kind: 'ready'
      readonly generation: number
      readonly pid: number | undefined
      readonly isRetiring: boolean
      readonly hasOldLogin?: true
    }
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

/** A question of the agent that waits for a person. */
export interface OpenElicitation {
  readonly id: ElicitationId
  readonly turnId: TurnId | undefined
  readonly requestId: AgentRequestId
  /** Undefined for one with a URL. */
  readonly form: Form | undefined
  /** The agent's own name of one with a URL. */
  readonly agentElicitationId: string | undefined
  /** The agent has said that what the URL is for is done. */
  readonly isCompleted: boolean
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
  /** Callers that wait for an agent to be ready, with or without a prompt. */
  readonly begins: readonly ReplyTo[]
  readonly permissions: readonly OpenPermission[]
  readonly elicitations: readonly OpenElicitation[]
  /** Answered, and their values are stored until the agent provably has them. */
  readonly keptAnswers: readonly ElicitationId[]
  /** URLs that a person agreed to open, of which the agent has not said that they are done. */
  readonly awaited: readonly AwaitedElicitation[]
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

/** Delivery as the stage of a turn proves it. */
export function deliveryOf(stage: ActiveTurn['stage']): Delivery {
  return stage === 'waiting' ? 'no' : stage === 'sent' ? 'unknown' : 'yes'
}
