// The port that every storage engine implements. Whoever holds it can read, and can write only under a fence.
// Owns nothing itself. The conformance suite (test/conformance/store-conformance.ts) is its definition in tests.

import type { AgentSessionId, PermissionId, RuleId, SessionId, TaskId, TurnId } from '../base/ids.ts'
import type { ElicitationReads, ElicitationWrite } from './elicitation-record.ts'
import type { LifeLog } from './lives.ts'
import type {
  Cancelling,
  ContinuityPolicy,
  EventRecord,
  GivenEquipment,
  KeeperRecord,
  LeaseRecord,
  LeaseState,
  NewEvent,
  OnInterrupt,
  PermissionRecord,
  PermissionState,
  SessionEquipment,
  SessionFamily,
  SessionMode,
  SessionNo,
  SessionRecord,
  SessionOptions,
  SessionState,
  SessionTerms,
  StoredTask,
  TaskEnd,
  TaskRecord,
  TurnOutcome,
  TurnRecord,
  TurnState,
} from './records.ts'
import type { PermissionMode, PermissionRuleRecord } from './permission-rule-record.ts'

/** `promise`: fsynced before `commit` resolves. `batch`: survives a crash of the process, perhaps not of the machine. */
export type Durability = 'promise' | 'batch'

/** Names the owner that writes. A write under an old epoch changes nothing and rejects with LEASE_LOST. */
export interface Fence {
  readonly sessionNo: SessionNo
  readonly node: string
  readonly epoch: number
}

/** With state `queued` generation, dispatch and cancel are forgotten, and `place` is needed. */
export interface TurnPatch {
  readonly state?: TurnState
  readonly place?: number
  readonly delivery?: TurnRecord['delivery']
  readonly generation?: number
  readonly dispatchedAt?: number
  readonly runningAt?: number
  readonly cancelling?: Cancelling
}

/** What is absent stays. */
export interface TurnAmendment {
  readonly prompt?: string
  /** null: it does not expire any more. */
  readonly expiresAt?: number | null
  readonly place?: number
}

export interface SessionPatch {
  readonly state?: SessionState
  /** null clears. */
  readonly blockedBy?: TurnId | null
  readonly agentSessionId?: string | null
  readonly generation?: number
  /** Forgets the position: the process it was of is gone. `agent.line` sets it. */
  readonly agentLine?: null
  readonly agentCapabilities?: string
  readonly permissionMode?: PermissionMode
  readonly closedAt?: number
}

/** One change to a session's rows. A list of them is one transaction: all or none. */
export type SessionWrite =
  | { readonly kind: 'turn.insert'; readonly turn: TurnRecord }
  | { readonly kind: 'turn.patch'; readonly turnId: TurnId; readonly patch: TurnPatch }
  /** Changes a turn that is queued. Any other one rejects. */
  | { readonly kind: 'turn.amend'; readonly turnId: TurnId; readonly amendment: TurnAmendment }
  /** Writes the terminal state and the outcome. A second one for a turn rejects; the schema refuses any change after it. */
  | { readonly kind: 'turn.end'; readonly turnId: TurnId; readonly outcome: TurnOutcome }
  | { readonly kind: 'event'; readonly event: NewEvent }
  | { readonly kind: 'permission.insert'; readonly permission: PermissionRecord }
  | {
      readonly kind: 'permission.close'
      readonly permissionId: PermissionId
      readonly state: Exclude<PermissionState, 'open'>
      readonly optionId?: string
      readonly answeredBy?: string
      readonly closedAt: number
    }
  | ElicitationWrite
  | { readonly kind: 'rule.insert'; readonly rule: PermissionRuleRecord }
  /** A rule that is not in force any more stays as it is. */
  | { readonly kind: 'rule.revoke'; readonly ruleId: RuleId; readonly at: number; readonly by: string }
  /** A rule has decided a request of the session. */
  | { readonly kind: 'rule.hit'; readonly ruleId: RuleId; readonly at: number }
  | { readonly kind: 'session.patch'; readonly patch: SessionPatch }
  | { readonly kind: 'session.terms'; readonly terms: SessionTerms }
  /** Replaces what an editor gave; undefined: it gave nothing. */
  | { readonly kind: 'session.given'; readonly given: GivenEquipment | undefined }
  /** The whole of what people and parents see of a session. */
  | { readonly kind: 'session.describe'; readonly family: SessionFamily }
  | { readonly kind: 'task.insert'; readonly task: TaskRecord }
  /** Changes a task that has not ended. A turn without a task: nothing changes. */
  | { readonly kind: 'task.patch'; readonly turnId: TurnId; readonly patch: TaskPatch }
  /** Ends the task of a turn. The first end stays; `lost` gives way to another one. */
  | { readonly kind: 'task.end'; readonly turnId: TurnId; readonly end: TaskEnd; readonly progress?: string }
  /** The parent, whose fence this is, was told. A second telling of the end rejects. */
  | { readonly kind: 'task.told'; readonly taskId: TaskId; readonly what: 'started' | 'ended'; readonly at: number }
  /** Everything up to this line of the agent process is in the commit or before it. The greatest of a commit is stored. */
  | { readonly kind: 'agent.line'; readonly line: number }

export interface TaskPatch {
  readonly status?: 'running'
  readonly startedAt?: number
  readonly progress?: string
  /** There is something to tell the parent. */
  readonly isDue?: true
}

export interface TaskFilter {
  readonly parent?: SessionId
}

export interface NewSession {
  readonly id: SessionId
  readonly key: string | undefined
  /** Of the request that makes it. */
  readonly requestKey?: string
  readonly agent: string
  readonly cwd: string
  readonly mode: SessionMode
  readonly onInterrupt: OnInterrupt
  /** Default: ask. */
  readonly permissionMode?: PermissionMode
  /** Default: resume. */
  readonly continuity?: ContinuityPolicy
  readonly options?: SessionOptions
  readonly equipment?: SessionEquipment
  /** The whole of what `equipment.given` sums up. */
  readonly given?: GivenEquipment | undefined
  readonly createdAt: number
  /** A conversation of the agent's own that the session goes on with. */
  readonly conversation?: AgentSessionId
  /** The session whose conversation is to be forked for it. */
  readonly forkOf?: SessionId
  /** No label, no parent, `done_only`. */
  readonly family?: SessionFamily
}

export interface SessionFilter {
  readonly state?: SessionState
  readonly agent?: string
  readonly blocked?: boolean
  readonly parent?: SessionId
  /** What the label begins with. */
  readonly label?: string
}

/** Keyset page: `before` is the internal number of the last row seen; newest first. */
export interface PageRequest {
  readonly before?: number
  readonly limit: number
}

export interface NodeRecord {
  readonly id: string
  readonly epoch: number
  readonly startedAt: number
}

export interface BackupTarget {
  /** Absolute; its directory exists and is not the state directory. */
  readonly path: string
  /** A file of that name is replaced, once the copy is verified. */
  readonly replace: boolean
}

export interface BackupReport {
  readonly bytes: number
  /** Sessions in quarantine: damaged in the copy as they are here. */
  readonly quarantined: number
}

/** Events that are gone, changed, or on pages that cannot be read; both ends included. */
export interface LostEvents {
  readonly from: number
  readonly to: number
  readonly reason: 'missing' | 'changed' | 'cannot be read'
}

export interface Salvaged {
  readonly entries: readonly (EventRecord | LostEvents)[]
  /** Where to go on. */
  readonly nextAfter: number
  readonly isEnd: boolean
}

export interface StoreCounts {
  readonly sessionsByState: Readonly<Record<SessionState, number>>
  readonly turnsQueued: number
  readonly turnsActive: number
  readonly permissionsOpen: number
  readonly elicitationsOpen: number
  /** In quarantine and not closed. */
  readonly sessionsDamaged: number
}

export interface LoginWait {
  readonly no: SessionNo
  readonly id: SessionId
  readonly agent: string
}

export interface Store extends AsyncDisposable {
  /** Registers the node and raises its epoch by one; every later write of an older life of the node is refused. */
  openNode(node: string, now: number): Promise<NodeRecord>
  /** Random 24-bit number made with the database; part of the rlimit tag. */
  instanceNumber(): number

  /** False: the disk is full. What runs may end, in the room that was kept for it; new work is to be refused with STORE_FULL. */
  hasRoom(): boolean

  /** Makes a session, owned by nobody yet, with event 1 = session.created. Rejects when the key, or that of the request, is taken by a session that is not closed. */
  createSession(session: NewSession): Promise<SessionRecord>
  findSession(idOrKey: string): Promise<SessionRecord | undefined>
  /** The session that is not closed and was made by the request with this key. */
  findSessionByRequest(requestKey: string): Promise<SessionRecord | undefined>
  /** The session that is not closed and goes on with the agent's own session `conversation`. */
  findSessionByConversation(agent: string, conversation: AgentSessionId): Promise<SessionRecord | undefined>
  findSessionByNo(no: SessionNo): Promise<SessionRecord | undefined>
  /** What an editor gave for the agent of a session that is not closed. Holds secrets. */
  findGiven(no: SessionNo): Promise<GivenEquipment | undefined>
  listSessions(filter: SessionFilter, page: PageRequest): Promise<SessionRecord[]>
  /** Sessions that have a queued or active turn, an open permission request or elicitation, or values of an answer that are kept, or are closing: what recovery must open. */
  listUnsettledSessions(): Promise<SessionRecord[]>
  /** Takes ownership: epoch + 1. Returns the record as it is now. SESSION_DAMAGED for one in quarantine. */
  acquireSession(no: SessionNo, node: string): Promise<SessionRecord>

  /** Applies `writes` in order as one transaction under `fence`. Resolves with the stored events after the commit. */
  commit(fence: Fence, durability: Durability, writes: readonly SessionWrite[]): Promise<EventRecord[]>

  findTurn(turnId: TurnId): Promise<TurnRecord | undefined>
  findTurnByKey(no: SessionNo, idempotencyKey: string): Promise<TurnRecord | undefined>
  listTurns(no: SessionNo, page: PageRequest): Promise<TurnRecord[]>
  /** The turn that is out first, then the queued ones in the order of their places. */
  listUnsettledTurns(no: SessionNo): Promise<TurnRecord[]>

  /** A rule that belongs to no session. Resolves when it is stored. */
  insertPermissionRule(rule: PermissionRuleRecord): Promise<void>
  /** False when there is no such rule in force. */
  revokePermissionRule(id: RuleId, revocation: { readonly at: number; readonly by: string }): Promise<boolean>
  findPermissionRule(id: RuleId): Promise<PermissionRuleRecord | undefined>
  /** Newest first: those in force at a time, or every one there ever was. */
  listPermissionRules(filter: { readonly inForceAt?: number }, limit: number): Promise<PermissionRuleRecord[]>

  findPermission(id: PermissionId): Promise<PermissionRecord | undefined>
  listPermissions(
    filter: { readonly sessionNo?: SessionNo; readonly state?: PermissionState },
    limit: number,
  ): Promise<PermissionRecord[]>

  readonly elicitations: ElicitationReads

  findTask(id: TaskId): Promise<StoredTask | undefined>
  /** Tasks of the turns of a session that have not ended. */
  listOpenTasks(no: SessionNo): Promise<StoredTask[]>
  /** Newest first. */
  listTasks(filter: TaskFilter, page: PageRequest): Promise<StoredTask[]>
  /** Those with something to tell, oldest first, after the one with the number `after`. */
  listDueTasks(after: number, limit: number): Promise<StoredTask[]>
  /** Open tasks whose turn has ended or is gone: none, unless something went wrong. */
  listStrayTasks(limit: number): Promise<StoredTask[]>
  /** Ends a task whose turn nobody works on any more; the first end stays, `lost` gives way. */
  repairTask(turnId: TurnId, end: TaskEnd): Promise<void>
  /** There is nobody to tell: the parent is closed or gone. */
  forgoTask(id: TaskId, at: number): Promise<void>
  /** Deletes tasks that ended before and have nothing to tell; resolves with their number, at most `limit`. */
  deleteTasks(endedBefore: number, limit: number): Promise<number>
  /** Sessions that work for `parent` and are not closed. */
  countChildren(parent: SessionId): Promise<number>

  /**
   * Events with seq > after, in order: at most `limit`, and not beyond the one that makes it 4 Mi characters of data. Each is checked
   * against the chain: SESSION_DAMAGED when the next one is not as it was written; the session is in quarantine then.
   */
  readEvents(no: SessionNo, after: number, limit: number): Promise<EventRecord[]>
  /** As `readEvents`, also of a damaged log: what can be read, and in its place what cannot. */
  salvageEvents(no: SessionNo, after: number, limit: number): Promise<Salvaged>
  /** Closes a session in quarantine: its open turns end, its log stays as it is. False when it is in none, or closed. */
  retireSession(no: SessionNo): Promise<boolean>
  lastSeq(no: SessionNo): Promise<number>

  /** Intent to start something that holds agent processes, committed with fsync. Returns the record with its number. */
  insertKeeper(keeper: Omit<KeeperRecord, 'no' | 'pid' | 'startTicks' | 'endedAt'>): Promise<KeeperRecord>
  updateKeeper(no: number, patch: { pid?: number; startTicks?: string; endedAt?: number }): Promise<void>
  /** Keepers that have not ended as far as is known, in the order they were made. */
  listKeepers(): Promise<KeeperRecord[]>

  /** Lease intent, committed with fsync before a spawn. Returns the record with its id. */
  insertLease(lease: Omit<LeaseRecord, 'id' | 'updatedAt'>): Promise<LeaseRecord>
  updateLease(
    id: number,
    patch: {
      state?: LeaseState
      pid?: number
      startTicks?: string
      exit?: string
      sessionId?: SessionId
      generation?: number
    },
    now: number,
  ): Promise<void>
  listLeases(states: readonly LeaseState[]): Promise<LeaseRecord[]>

  readonly lives: LifeLog

  /** Open sessions that wait for a login to their agent. */
  listLoginWaits(): Promise<LoginWait[]>
  counts(): Promise<StoreCounts>
  /** Writes that were asked for and are in no transaction yet. */
  readonly commitsWaiting: number
  /** Resolves when a transaction that changes nothing has come back, after everything that was asked for before it. Nothing is written. */
  probe(): Promise<void>
  /** Walks integrity, sequence gaps and checksums; returns one line per problem. Sessions with one are in quarantine then. */
  verify(): Promise<string[]>
  /**
   * A verified copy of the database as it is now, in one private file that is there whole or not at all. Damage that is not known
   * yet puts its session into quarantine and is BACKUP_FAILED; sessions in quarantine are in it as they are.
   */
  backUp(target: BackupTarget): Promise<BackupReport>
}

/** Cross-process wake-up. A hint may be lost (then a poll finds the row); it carries ids, never data. */
export interface Wake {
  hint(sessionNo: SessionNo): void
  onHint(listener: (sessionNo: SessionNo) => void): Disposable
}

/** Membership of this gateway. On one machine: node `local`, never expires. */
export interface Nodes {
  readonly self: NodeRecord
}
