// What the front doors may ask of sessions: the whole surface between api/ (later facade/, tasks/) and the actors.
// Records in, records out; HTTP and wire shapes stay in api/. Implemented by open-sessions.ts.

import type { PermissionId, SessionId, TurnId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type {
  OnInterrupt,
  PermissionRecord,
  PermissionState,
  SessionMode,
  SessionNo,
  SessionRecord,
  TurnRecord,
} from '../store/records.ts'
import type { PageRequest, SessionFilter } from '../store/store.ts'

export interface SessionRequest {
  readonly key?: string
  readonly agent: string
  readonly cwd: string
  readonly mode?: SessionMode
  readonly onInterrupt?: OnInterrupt
}

export interface PromptRequest {
  /** ACP content blocks. */
  readonly prompt: readonly JsonObject[]
  readonly idempotencyKey?: string
  readonly onInterrupt?: OnInterrupt
  /** Epoch ms; a turn that is still queued then ends `expired`. */
  readonly expiresAt?: number
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
    | 'cancelling'
    | 'blocked'
    | 'stopping'
    | 'closed'
  readonly activeTurn: TurnId | undefined
  readonly queued: readonly TurnId[]
  readonly agentPid: number | undefined
  /** Epoch ms of the nearest deadline and what happens then. */
  readonly nextDeadline: { readonly at: number; readonly kind: string } | undefined
}

export interface SessionStatus {
  readonly session: SessionRecord
  readonly live: SessionLive
}

export interface CancelEvidence {
  /** Turns that this call ended or asked to end. */
  readonly turns: readonly TurnId[]
  /** `ended`: terminal now. `requested`: the agent was asked and has the cancel grace to answer. `none`: nothing was in flight. */
  readonly outcome: 'ended' | 'requested' | 'none'
}

export interface CloseEvidence {
  readonly session: SessionRecord
  /** Undefined when no process was alive. */
  readonly stopped:
    | { readonly forced: boolean; readonly swept: number; readonly survivors: readonly number[]; readonly ms: number }
    | undefined
}

export interface PermissionAnswer {
  readonly optionId: string
  readonly answeredBy: string
}

export type ResumeAction = 'continue' | 'retry' | 'discard'

export interface SessionService {
  /** Makes a session; with a `key` that is in use returns that one (same agent and cwd, else SESSION_CONFLICT). */
  ensure(request: SessionRequest): Promise<{ status: SessionStatus; created: boolean }>
  /** By id or key. SESSION_NOT_FOUND when there is none. */
  get(idOrKey: string): Promise<SessionStatus>
  list(filter: SessionFilter, page: PageRequest): Promise<SessionStatus[]>
  /** Resolves after the accept commit. SESSION_CLOSED, QUEUE_FULL, PROMPT_*, IDEMPOTENCY_KEY_REUSED, GATEWAY_DRAINING. */
  prompt(id: SessionId, request: PromptRequest): Promise<PromptAccepted>
  /** The id of the session that a permission record names. SESSION_NOT_FOUND. */
  sessionIdOf(no: SessionNo): Promise<SessionId>
  turn(id: SessionId, turnId: TurnId): Promise<TurnRecord>
  turns(id: SessionId, page: PageRequest): Promise<TurnRecord[]>
  /** Cancels one turn, or without `turnId` the active one. Ended turns: outcome `none`. */
  cancel(id: SessionId, turnId?: TurnId): Promise<CancelEvidence>
  /** Frees a session that is held by an interrupted turn. */
  resume(id: SessionId, action: ResumeAction): Promise<SessionStatus>
  permission(id: PermissionId): Promise<PermissionRecord>
  permissions(filter: { sessionId?: SessionId; state?: PermissionState }, limit: number): Promise<PermissionRecord[]>
  /** First answer wins: PERMISSION_CLOSED afterwards. PERMISSION_OPTION_UNKNOWN leaves it open. */
  answerPermission(id: PermissionId, answer: PermissionAnswer): Promise<PermissionRecord>
  /** Cancel, bounded wait, force. Idempotent. Resolves when no process of the session is left. */
  close(id: SessionId): Promise<CloseEvidence>
}
