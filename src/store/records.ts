// What the store keeps, as the rest of the program sees it: plain records, camelCase, times in epoch milliseconds.
// Column names and SQL stay in the store's own files.

import type { StoredError } from '../base/errors.ts'
import type { AgentSessionId, PermissionId, SessionId, TaskId, TurnId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { PermissionMode, Unattended } from './permission-rule-record.ts'

/** The store's own small integer for a session; never leaves the process. */
export type SessionNo = number

export type SessionMode = 'persistent' | 'oneshot'
export type SessionState = 'open' | 'closing' | 'closed'
export type OnInterrupt = 'hold' | 'continue' | 'retry'

/** What happens when the agent cannot go on with its conversation. */
export type ContinuityPolicy = 'resume' | 'fork' | 'ask' | 'fresh'

/** What the user has chosen; a field that is not there is left to the agent or to the configuration. */
export interface SessionOptions {
  readonly mode?: string
  readonly model?: string
  readonly thinking?: string
  /** ACP config options by id. */
  readonly config?: Readonly<Record<string, string | boolean>>
  readonly turnTimeoutSeconds?: number
}

export interface ConversationRecord {
  /**
   * How the agent's session id came to be known; `adopted`: the agent's own, not opened by us yet; `forking`: to be made from that of
   * another session. Undefined while there is none.
   */
  readonly source: 'new' | 'resume' | 'load' | 'fork' | 'adopted' | 'forking' | undefined
  /** A prompt was given in it. */
  readonly isUsed: boolean
  /** When the agent said that it began, epoch ms; undefined for one that began without us, or not yet. */
  readonly begunAt: number | undefined
  /** Why the next process begins another one; undefined: it goes on with this one. */
  readonly anew: 'reset' | 'decided' | undefined
  /** The agent cannot go on with it, and the queue waits for a decision. */
  readonly isLost: boolean
}

/** The agent wants a login before it takes the prompt that holds the queue. */
export interface LoginRecord {
  /** The ways to log in that it told of; none when it told of none. */
  readonly methods: readonly {
    readonly id: string
    readonly name: string
    readonly kind: 'agent' | 'terminal' | 'unsupported'
  }[]
  /** What was said when it was wanted. */
  readonly reason: string | undefined
  /** The agent does not run on this machine: no login of it can be made here. */
  readonly isElsewhere: boolean
}

/** What is agreed between a session and its agent. */
export interface SessionTerms {
  readonly continuity: ContinuityPolicy
  readonly options: SessionOptions
  /** What the agent offers to choose from and what is set, as JSON text; opaque here. */
  readonly controls: string | undefined
  readonly title: string | undefined
  readonly conversation: ConversationRecord
  /** Undefined: no login is waited for. */
  readonly login: LoginRecord | undefined
  /** Of the definition and the equipment that the newest ready process was started with. */
  readonly definitionDigest: string | undefined
  readonly equipment: SessionEquipment
}

/** What the agent of a session is opened with, besides its directory. Names and paths only: what may be secret is in GivenEquipment. */
export interface SessionEquipment {
  /** MCP servers of the configuration, by name. */
  readonly mcpServers: readonly string[]
  /** Further directories of the session; absolute. */
  readonly directories: readonly string[]
  /** What the editor that opened the session last gave. */
  readonly given: GivenSummary
}

export interface GivenSummary {
  /** Names of its MCP servers. */
  readonly mcpServers: readonly string[]
  readonly directories: readonly string[]
  /** Of its MCP servers; empty for none. */
  readonly digest: string
}

/** What an editor gave for the agent, with its secrets: for the agent and for nobody else. JSON texts. */
export interface GivenEquipment {
  /** ACP `McpServer` entries of v1. */
  readonly mcpServers: string
  /** `_meta` of the request that opened the session. */
  readonly meta: string | undefined
}

export const NO_EQUIPMENT: SessionEquipment = {
  mcpServers: [],
  directories: [],
  given: { mcpServers: [], directories: [], digest: '' },
}

export interface SessionRecord {
  readonly no: SessionNo
  readonly id: SessionId
  /** The caller's own name for the session; unique among sessions that are not closed. */
  readonly key: string | undefined
  readonly agent: string
  readonly cwd: string
  readonly mode: SessionMode
  readonly onInterrupt: OnInterrupt
  readonly permissionMode: PermissionMode
  readonly state: SessionState
  /** The turn that holds the queue until somebody decides, if any. */
  readonly blockedBy: TurnId | undefined
  readonly agentSessionId: AgentSessionId | undefined
  /** Number of the newest agent process of this session; 0 before the first. */
  readonly generation: number
  /** Number of the last line of that process whose effect is stored; undefined while no process of that number is ready. */
  readonly agentLine: number | undefined
  /** What the agent said that it can do, as JSON text; opaque here. */
  readonly agentCapabilities: string | undefined
  readonly terms: SessionTerms
  readonly node: string
  readonly epoch: number
  readonly lastSeq: number
  readonly lastTurnN: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly closedAt: number | undefined
  /** What of it cannot be read as it was written; the session is in quarantine. Absent: nothing that is known. */
  readonly damage?: string
  readonly family: SessionFamily
}

/** What people and a parent see of a session. */
export interface SessionFamily {
  /** Free text for people; at most 160 characters. */
  readonly label: string | undefined
  /** The session that this one works for: each of its turns is a task of that one. */
  readonly parent: SessionId | undefined
  /** What the parent is told of the turns of this session. */
  readonly notify: NotifyPolicy
}

/**
 * `silent`: nothing. `done_only`: an event when a task has ended. `state_changes`: also when it has started. `prompt`: an event,
 * and a prompt, when it has ended.
 */
export type NotifyPolicy = 'silent' | 'done_only' | 'state_changes' | 'prompt'

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
/** `task`: the end of a background task of the session. */
export type TurnOrigin = 'user' | 'agent' | 'retry' | 'task'
/** Why a turn that the agent still works on is being ended; decides its terminal state. */
export type CancelReason =
  | 'user'
  | 'interrupt'
  | 'close'
  | 'silence'
  | 'turn'
  | 'drain'
  | 'output'
  | 'permission'
  | 'elicitation'

/** Class of admission of a turn. */
export type Lane = 'interactive' | 'background' | 'scheduled'

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
  /** Rank in the queue, smaller is sooner and never 0; 0 with the agent; undefined at its end. */
  readonly place: number | undefined
  readonly origin: TurnOrigin
  /** ACP content blocks, as JSON text. */
  readonly prompt: string
  /** Sent as `_meta` beside the prompt, as JSON text. */
  readonly meta?: string | undefined
  readonly idempotencyKey: string | undefined
  /** SHA-256 of the canonical request body; decides between replay and IDEMPOTENCY_KEY_REUSED. */
  readonly bodyHash: string
  readonly retryOf: TurnId | undefined
  readonly onInterrupt: OnInterrupt | undefined
  /** What becomes of its permission requests while nobody is there; undefined: as configured. */
  readonly unattended?: Unattended | undefined
  readonly delivery: Delivery
  readonly generation: number | undefined
  readonly acceptedAt: number
  readonly expiresAt: number | undefined
  /** Limit of the whole turn in ms, instead of the configured one. */
  readonly deadlineMs: number | undefined
  readonly lane: Lane
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

export type TaskStatus = 'queued' | 'running' | TaskEndStatus
/** `lost`: the fate of its turn is not known. */
export type TaskEndStatus = 'succeeded' | 'failed' | 'timed_out' | 'cancelled' | 'lost'
/** `blocked`: the turn was completed, but could not do what it was asked to. */
export type TaskOutcome = 'succeeded' | 'blocked'
/** Of the end of a task to its parent. */
export type TaskDelivery = 'pending' | 'delivered' | 'parent_closed' | 'not_applicable'

/** A turn of a session that has a parent, as the parent's task. */
export interface TaskRecord {
  readonly id: TaskId
  /** The session whose task it is. */
  readonly parent: SessionId
  /** The session that does it. */
  readonly sessionNo: SessionNo
  readonly turnId: TurnId
  readonly label: string | undefined
  readonly status: TaskStatus
  readonly progress: string
  readonly notify: NotifyPolicy
  /** There is something that the parent was not told yet. */
  readonly isDue: boolean
  readonly delivery: TaskDelivery
  readonly acceptedAt: number
  readonly startedAt: number | undefined
  readonly end: TaskEnd | undefined
  /** When the parent was told of the start, and of the end. */
  readonly announcedAt: number | undefined
  readonly toldAt: number | undefined
}

/** The terminal fact of a task. */
export interface TaskEnd {
  readonly status: TaskEndStatus
  /** Of a task that succeeded; undefined otherwise. */
  readonly outcome: TaskOutcome | undefined
  /** Why it is blocked. */
  readonly reason: string | undefined
  /** The last thing the agent said in it. */
  readonly summary: string | undefined
  readonly error: StoredError | undefined
  readonly endedAt: number
}

/** As it is read: with the place in lists and the id of the session that does it. */
export interface StoredTask extends TaskRecord {
  readonly no: number
  readonly sessionId: SessionId
}

export type EventType =
  | 'session.created'
  | 'session.forked'
  | 'session.blocked'
  | 'session.resumed'
  | 'session.closed'
  | 'options.changed'
  | 'options.reset'
  | 'option.refused'
  | 'equipment.changed'
  | 'conversation.replaced'
  | 'conversation.reset'
  | 'session.described'
  | 'turn.queued'
  | 'turn.dispatched'
  | 'turn.running'
  | 'turn.cancelling'
  | 'turn.ended'
  | 'turn.requeued'
  | 'turn.edited'
  | 'turn.moved'
  | 'update'
  | 'task.started'
  | 'task.ended'
  | 'conversation.imported'
  | 'conversation.learned'
  | 'permission.requested'
  | 'permission.closed'
  | 'permission.mode_changed'
  | 'permission.rule_added'
  | 'permission.rule_revoked'
  | 'elicitation.requested'
  | 'elicitation.closed'
  | 'elicitation.completed'
  | 'agent.starting'
  | 'agent.ready'
  | 'agent.attached'
  | 'agent.retired'
  | 'agent.exited'
  | 'agent.warning'
  | 'agent.extension'

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
