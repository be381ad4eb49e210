// What the store keeps, as the rest of the program sees it: plain records, camelCase, times in epoch milliseconds.
// Column names and SQL stay in the store's own files.

import type { StoredError } from '../base/errors.ts'
import type { AgentSessionId, PermissionId, SessionId, TurnId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'

/** The store's own small integer for a session; never leaves the process. */
export type SessionNo = number

export type SessionMode = 'persistent' | 'oneshot'
export type SessionState = 'open' | 'closing' | 'closed'
export type OnInterrupt = 'hold' | 'continue' | 'retry'

export interface SessionRecord {
  readonly no: SessionNo
  readonly id: SessionId
  /** The caller's own name for the session; unique among sessions that are not closed. */
  readonly key: string | undefined
  readonly agent: string
  readonly cwd: string
  readonly mode: SessionMode
  readonly onInterrupt: OnInterrupt
  readonly state: SessionState
  /** The interrupted turn that holds the queue, if any. */
  readonly blockedBy: TurnId | undefined
  readonly agentSessionId: AgentSessionId | undefined
  /** Number of the newest agent process of this session; 0 before the first. */
  readonly generation: number
  /** Number of the last line of that process whose effect is stored; undefined while no process of that number is ready. */
  readonly agentLine: number | undefined
  /** What the agent said that it can do, as JSON text; opaque here. */
  readonly agentCapabilities: string | undefined
  readonly node: string
  readonly epoch: number
  readonly lastSeq: number
  readonly lastTurnN: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly closedAt: number | undefined
}

export type TurnState =
  | 'queued'
  | 'dispatching'
  | 'running'
  | 'completed'
  | 'cancelled'
  | 'failed'
  | 'timed_out'
  | 'interrupted'
  | 'expired'
export type TurnEndState = Exclude<TurnState, 'queued' | 'dispatching' | 'running'>
/** Whether the agent got the prompt: provably not, provably, or the gateway died in between. */
export type Delivery = 'no' | 'yes' | 'unknown'
export type TurnOrigin = 'user' | 'agent' | 'retry'
/** Why a turn that the agent still works on is being ended; decides its terminal state. */
export type CancelReason = 'user' | 'close' | 'silence' | 'turn' | 'drain' | 'output'

/** A cancel that is under way. */
export interface Cancelling {
  readonly reason: CancelReason
  /** Epoch ms: then the turn ends, and the agent process with it. */
  readonly graceAt: number
}

export interface TurnRecord {
  readonly id: TurnId
  readonly sessionNo: SessionNo
  /** Accept number within the session: 1, 2, 3 … */
  readonly n: number
  readonly state: TurnState
  readonly origin: TurnOrigin
  /** ACP content blocks, as JSON text. */
  readonly prompt: string
  readonly idempotencyKey: string | undefined
  /** SHA-256 of the canonical request body; decides between replay and IDEMPOTENCY_KEY_REUSED. */
  readonly bodyHash: string
  readonly retryOf: TurnId | undefined
  readonly onInterrupt: OnInterrupt | undefined
  readonly delivery: Delivery
  readonly generation: number | undefined
  readonly acceptedAt: number
  readonly expiresAt: number | undefined
  readonly dispatchedAt: number | undefined
  readonly runningAt: number | undefined
  readonly cancelling: Cancelling | undefined
  readonly outcome: TurnOutcome | undefined
}

/** The one terminal fact of a turn. */
export interface TurnOutcome {
  readonly state: TurnEndState
  readonly delivery: Delivery
  /** ACP stop reason as the agent sent it, when it answered. */
  readonly stopReason: string | undefined
  /** True when the agent process had to be ended to end the turn. */
  readonly forced: boolean
  readonly error: StoredError | undefined
  readonly usage: JsonObject | undefined
  readonly endedAt: number
}

export type PermissionState = 'open' | 'answered' | 'cancelled' | 'timed_out' | 'void'

export interface PermissionRecord {
  readonly id: PermissionId
  readonly sessionNo: SessionNo
  readonly turnId: TurnId | undefined
  readonly generation: number
  /** JSON-RPC id of the agent's request. */
  readonly requestId: string | number | null
  /** Number of the request's line in the output of its process. */
  readonly line: number
  /** ACP tool call (update shape) and options, as JSON text. */
  readonly toolCall: string
  readonly options: string
  readonly state: PermissionState
  readonly optionId: string | undefined
  readonly answeredBy: string | undefined
  readonly requestedAt: number
  readonly dueAt: number
  readonly closedAt: number | undefined
}

export type EventType =
  | 'session.created'
  | 'session.blocked'
  | 'session.resumed'
  | 'session.closed'
  | 'turn.queued'
  | 'turn.dispatched'
  | 'turn.running'
  | 'turn.cancelling'
  | 'turn.ended'
  | 'turn.requeued'
  | 'update'
  | 'permission.requested'
  | 'permission.closed'
  | 'agent.starting'
  | 'agent.ready'
  | 'agent.attached'
  | 'agent.exited'
  | 'agent.warning'

export interface NewEvent {
  readonly type: EventType
  readonly turnId: TurnId | undefined
  readonly at: number
  /** JSON text of the event's data object; stored and served byte for byte. */
  readonly data: string
}

export interface EventRecord extends NewEvent {
  readonly seq: number
}

export type LeaseState = 'spawning' | 'running' | 'stopping' | 'closed' | 'lost' | 'stuck'

/** Who holds agent processes: a keeper process, or the gateway itself. */
export interface KeeperRecord {
  /** Also the epoch in the tags and markers of what it starts. */
  readonly no: number
  readonly hosting: 'inline' | 'keeper'
  readonly nodeEpoch: number
  readonly version: string
  readonly bootId: string
  /** What a gateway shows to be let in. */
  readonly secret: string
  readonly pid: number | undefined
  readonly startTicks: string | undefined
  readonly startedAt: number
  readonly endedAt: number | undefined
}

/** Durable proof that an OS process tree is ours. */
export interface LeaseRecord {
  /** Also the soft value of the rlimit tag. */
  readonly id: number
  /** Who holds the process. */
  readonly keeperNo: number
  /** Undefined for a process that waits for a session. */
  readonly sessionId: SessionId | undefined
  readonly generation: number
  readonly agent: string
  readonly nodeEpoch: number
  readonly state: LeaseState
  readonly bootId: string
  /** Hard value of the rlimit tag, decimal; empty where tags are not available. */
  readonly tag: string
  readonly commandDigest: string
  readonly pid: number | undefined
  /** Start time of `pid` in clock ticks since boot. */
  readonly startTicks: string | undefined
  readonly createdAt: number
  readonly updatedAt: number
  readonly exit: string | undefined
}
