// What the front doors may ask of sessions: the whole surface between api/ (later facade/, tasks/) and the actors.
// Records in, records out; HTTP and wire shapes stay in api/. Implemented by open-sessions.ts.

import type { ExtensionCall } from '../agent/link/extension-calls.ts'
import type { PermissionId, SessionId, TurnId } from '../base/ids.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type {
  ContinuityPolicy,
  NotifyPolicy,
  Lane,
  OnInterrupt,
  PermissionRecord,
  PermissionState,
  SessionMode,
  SessionNo,
  SessionRecord,
  TurnRecord,
} from '../store/records.ts'
import type { PermissionMode, Unattended } from '../store/permission-rule-record.ts'
import type { PageRequest, SessionFilter } from '../store/store.ts'
import type { AdoptRequest, AgentSessions } from './entry/adopt-session.ts'
import type { ForkRequest } from './entry/fork-session.ts'
import type { EquipmentRequest } from './equipment/equipper.ts'
import type { Explanation } from './insight/explain.ts'
import type { QueueTarget } from './turns/queue-order.ts'

export interface SessionRequest extends EquipmentRequest {
  readonly key?: string
  /** Names this request: whoever heard no answer sends it again and gets the session that it made. At most REQUEST_KEY_CHARS_MAX. */
  readonly requestKey?: string
  readonly agent: string
  readonly cwd: string
  readonly mode?: SessionMode
  readonly onInterrupt?: OnInterrupt
  /** Default: that of the agent. */
  readonly permissionMode?: PermissionMode
  readonly continuity?: ContinuityPolicy
  /** As they came from outside: see options.ts. */
  readonly options?: JsonObject
  readonly label?: string
  /** Id or key of the session that this one works for. */
  readonly parent?: string
  /** `done_only` if not given. */
  readonly notify?: NotifyPolicy
}

/** null clears; absent keeps. */
export interface DescribeRequest {
  readonly label?: string | null
  /** Id or key. */
  readonly parent?: string | null
  readonly notify?: NotifyPolicy
}

export const REQUEST_KEY_CHARS_MAX = 200
export const META_CHARS_MAX = 16 * 1024

export interface PromptRequest {
  /** ACP content blocks. */
  readonly prompt: readonly JsonObject[]
  /** Text of one JSON object: given to the agent as `_meta`, exactly. At most META_CHARS_MAX. */
  readonly meta?: string
  readonly idempotencyKey?: string
  readonly onInterrupt?: OnInterrupt
  /** What becomes of permission requests while nobody is there. Default: as configured. */
  readonly unattended?: Unattended
  /** Epoch ms; a turn that is still queued then ends `expired`. */
  readonly expiresAt?: number
  /** Limit of the whole turn in ms, instead of the configured one. */
  readonly deadlineMs?: number
  /** `queue` if not given. */
  readonly whenBusy?: WhenBusy
  /** `interactive` if not given. */
  readonly lane?: Lane
}

/**
 * What becomes of a prompt for a session that is busy. `queue`: it waits. `interrupt`: the turn that is out is cancelled, this prompt
 * is next. `steer`: it is added to the turn that is out, where the agent can (STEER_UNSUPPORTED). `reject`: SESSION_BUSY.
 */
export type WhenBusy = 'queue' | 'interrupt' | 'steer' | 'reject'

/** A change of a prompt that waits; what is absent stays. */
export interface TurnEdit {
  /** ACP content blocks. */
  readonly prompt?: readonly JsonObject[]
  /** Epoch ms; null: it does not expire any more. */
  readonly expiresAt?: number | null
  readonly to?: QueueTarget
}

export interface PromptAccepted {
  readonly turn: TurnRecord
  /** 0 when it was handed out at once, else how many prompts are ahead of it. */
  readonly position: number
  /** True when the idempotency key named a turn that existed. */
  readonly replayed: boolean
}

/** What the session does right now, derived from the actor; `dormant` = no actor is open because nothing is to be done. */
export interface SessionLive {
  readonly activity:
    | 'dormant'
    | 'starting'
    | 'idle'
    | 'running'
    | 'awaiting_permission'
    | 'awaiting_answer'
    | 'cancelling'
    | 'blocked'
    | 'stopping'
    | 'closed'
    /** Its log is damaged, see SessionRecord.damage. */
    | 'quarantined'
  /** More of `running`, where the agent tells. */
  readonly activityDetail: 'compacting' | undefined
  readonly activeTurn: TurnId | undefined
  readonly queued: readonly TurnId[]
  readonly agentPid: number | undefined
  /** What the agent is that is ready now: a process of this machine, or a connection to one elsewhere. */
  readonly agentLink: 'process' | 'connection' | undefined
  /** What the next prompt waits for that is not the session's own: a slot for its agent, its lane, memory. */
  readonly waitingFor: 'slot' | 'lane' | 'memory' | 'safe_mode' | undefined
  /** Epoch ms of the nearest deadline and what happens then. */
  readonly nextDeadline: { readonly at: number; readonly kind: string } | undefined
}

export interface SessionStatus {
  readonly session: SessionRecord
  readonly live: SessionLive
}

export interface SessionExplanation extends SessionStatus {
  readonly explanation: Explanation
}

export interface CancelEvidence {
  /** Turns that this call ended or asked to end. */
  readonly turns: readonly TurnId[]
  /** `ended`: terminal now. `requested`: the agent was asked and has the cancel grace to answer. `none`: nothing was in flight. */
  readonly outcome: 'ended' | 'requested' | 'none'
}

export interface CloseRequest {
  /** The agent's own, where it keeps it, too. */
  readonly deleteConversation?: boolean
}

export interface CloseEvidence {
  readonly session: SessionRecord
  /** Turns that this call ended or asked to end. */
  readonly turns: readonly TurnId[]
  /** The agent has no conversation of it any more, because that was wanted. */
  readonly conversationDeleted?: boolean
  /** Undefined when no process was alive. */
  readonly stopped:
    | { readonly forced: boolean; readonly swept: number; readonly survivors: readonly number[]; readonly ms: number }
    | undefined
}

export interface PermissionAnswer {
  readonly optionId: string
  readonly answeredBy: string
  /** Leave a rule: the answer holds for later requests that are the same. An `always` option means `session` unless this says more. */
  readonly remember?: 'session' | 'agent' | 'everywhere'
  /** The agent is told its own `always` option, and may keep it where nobody sees it; no rule of ours for it. */
  readonly agentRemembers?: boolean
}

/** `fresh`: begin another conversation; offered only when the old one is lost. */
export type ResumeAction = 'continue' | 'retry' | 'discard' | 'fresh'

export interface SessionChange {
  /** As it came from outside: see options.ts. */
  readonly options?: JsonObject
  readonly continuity?: ContinuityPolicy
}

export type ResetWhat = 'options' | 'conversation'

export interface ResetRequest {
  readonly what: ResetWhat
  /** A running turn is cancelled first; without it, SESSION_BUSY. */
  readonly force: boolean
}

export interface ResetEvidence {
  /** Undefined when no process was alive. */
  readonly stopped: CloseEvidence['stopped']
  /** Names of the options, or the agent's id of the conversation. */
  readonly cleared: readonly string[]
}

export interface SessionService {
  /** Makes a session; with a `key` that is in use returns that one as it is (same agent, cwd, mode and parent, else SESSION_CONFLICT). */
  ensure(request: SessionRequest): Promise<{ status: SessionStatus; created: boolean }>
  /** Sessions that the agent has of its own; starts it for the answer, for at most a minute. AGENT_UNSUPPORTED, AGENT_*, CWD_*. */
  listAgentSessions(agent: string, cwd: string | undefined): Promise<AgentSessions>
  /** Makes a session that goes on with one of the agent's own; starts the agent to ask for it. See adopt-session.ts. */
  adopt(request: AdoptRequest): Promise<SessionStatus>
  /** A new session that begins with what was said in this one, closed or not. See fork-session.ts. */
  fork(id: SessionId, request: ForkRequest): Promise<{ status: SessionStatus; created: boolean }>
  /** By id or key. SESSION_NOT_FOUND when there is none. */
  get(idOrKey: string): Promise<SessionStatus>
  /** What it waits for, since when, and what ends the wait. SESSION_NOT_FOUND. */
  explain(idOrKey: string): Promise<SessionExplanation>
  /** Changes label, parent or what the parent is told. PARENT_REFUSED; SESSION_BUSY for another parent while a turn is open. */
  describe(id: SessionId, request: DescribeRequest): Promise<SessionStatus>
  list(filter: SessionFilter, page: PageRequest): Promise<SessionStatus[]>
  /**
   * Resolves after the accept commit. SESSION_CLOSED, SESSION_STALE, SESSION_BUSY, SESSION_BLOCKED, STEER_UNSUPPORTED, QUEUE_FULL, PROMPT_*,
   * IDEMPOTENCY_KEY_REUSED, GATEWAY_DRAINING.
   */
  prompt(id: SessionId, request: PromptRequest): Promise<PromptAccepted>
  /** The id of the session that a permission record names. SESSION_NOT_FOUND. */
  sessionIdOf(no: SessionNo): Promise<SessionId>
  turn(id: SessionId, turnId: TurnId): Promise<TurnRecord>
  turns(id: SessionId, page: PageRequest): Promise<TurnRecord[]>
  /** The prompts that wait, in the order in which they will run. */
  queued(id: SessionId): Promise<TurnRecord[]>
  /** Changes a prompt that waits: all of the edit or nothing. TURN_NOT_FOUND, TURN_NOT_QUEUED, TURN_NOT_ACTIVE, PROMPT_*. */
  editTurn(id: SessionId, turnId: TurnId, edit: TurnEdit): Promise<TurnRecord>
  /** Cancels one turn, or without `turnId` the active one. Ended turns: outcome `none`. */
  cancel(id: SessionId, turnId?: TurnId): Promise<CancelEvidence>
  /**
   * Changes options and continuity. With a living agent it resolves when the agent has taken them: CONTROL_UNSUPPORTED,
   * CONTROL_REFUSED. OPTION_UNKNOWN, OPTION_INVALID, SESSION_CLOSED.
   */
  change(id: SessionId, change: SessionChange): Promise<SessionStatus>
  /**
   * Changes what the agent of the session is opened with, from its next start on; one that lives ends when no turn is out, if its
   * conversation can be gone on with. MCP_SERVER_UNKNOWN, CWD_*, SESSION_CLOSED.
   */
  equip(id: SessionId, request: EquipmentRequest): Promise<SessionStatus>
  /** Resolves when no process is left that has the old options or conversation. SESSION_BUSY, SESSION_CLOSED. */
  reset(id: SessionId, request: ResetRequest): Promise<ResetEvidence>
  /** Frees a session that is held by an interrupted turn or a lost conversation. ACTION_NOT_OFFERED. */
  resume(id: SessionId, action: ResumeAction): Promise<SessionStatus>
  /** Asks the living agent of a session by a method of its own, for at most a minute. AGENT_NOT_RUNNING, AGENT_ERROR, DEADLINE. */
  extension(id: SessionId, call: ExtensionCall): Promise<Json>
  permission(id: PermissionId): Promise<PermissionRecord>
  permissions(filter: { sessionId?: SessionId; state?: PermissionState }, limit: number): Promise<PermissionRecord[]>
  /** First answer wins: PERMISSION_CLOSED afterwards. PERMISSION_OPTION_UNKNOWN, PERMISSION_NOT_REMEMBERED, PERMISSION_RULE_LIMIT leave it open. */
  answerPermission(id: PermissionId, answer: PermissionAnswer): Promise<PermissionRecord>
  /** Cancel, bounded wait, force. Idempotent. Resolves when no process of the session is left. */
  close(id: SessionId, request?: CloseRequest): Promise<CloseEvidence>
}
