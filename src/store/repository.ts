// The store over any engine: reads go to the reader, writes through the commit queue, statements are the tables'.
// Owns the node's epoch and the heads of the chains. Knows no SQL and no engine.

import { assert, AssertionFailure } from '../base/assert.ts'
import { HoldfastError, LeaseLostError } from '../base/errors.ts'
import type { AgentSessionId, PermissionId, RuleId, SessionId, TaskId, TurnId } from '../base/ids.ts'
import { applyCommit } from './commit.ts'
import { CommitQueue } from './commit-queue.ts'
import { RowRefusedError } from './connection.ts'
import type { WriteConnection } from './connection.ts'
import { Heads } from './heads.ts'
import type { ElicitationReads } from './elicitation-record.ts'
import type { LifeLog } from './lives.ts'
import type {
  EventRecord,
  GivenEquipment,
  KeeperRecord,
  LeaseRecord,
  LeaseState,
  NewEvent,
  SessionNo,
  SessionRecord,
  StoredTask,
  TaskEnd,
  TurnRecord,
} from './records.ts'
import type { Executor } from './statement.ts'
import type {
  BackupReport,
  BackupTarget,
  Durability,
  Fence,
  NewSession,
  NodeRecord,
  PageRequest,
  Salvaged,
  SessionFilter,
  SessionWrite,
  Store,
  LoginWait,
  StoreCounts,
  TaskFilter,
} from './store.ts'
import type { Tables } from './tables.ts'
import { chain } from './tables/event.ts'
import type { KeeperPatch, NewKeeper } from './tables/keeper.ts'
import type { LeasePatch } from './tables/lease.ts'
import type { PermissionFilter } from './tables/permission.ts'
import type { Revocation, RuleFilter } from './tables/permission-rule.ts'
import type { PermissionRuleRecord } from './permission-rule-record.ts'
import { retireSession } from './retire-session.ts'
import { SessionLog } from './session-log.ts'
import { verifyChains } from './verify.ts'

/** What an engine brings. */
export interface Engine {
  readonly tables: Tables
  readonly reader: Executor
  readonly writer: WriteConnection
  readonly instanceNumber: number
  now(): number
  /** Called after each transaction that changed something. */
  committed(): void
  /** Told right before and right after each transaction. */
  working?(isWorking: boolean): void
  /** Called once, at the first device error; every write after it rejects with STORE_FAILED. */
  failed(error: HoldfastError): void
  /** False: the disk is full, and what is left on it is for what runs. */
  hasRoom(): boolean
  /** The disk is full: gives up what was kept for that. False: there is nothing left to give up. */
  makeRoom(): boolean
  /** The engine's own check of its files: one line per problem. */
  checkFiles(): Promise<string[]>
  /** See backup.ts; `check` is given a reader of the copy. */
  backUp(target: BackupTarget, check: (copy: Executor) => Promise<string[]>): Promise<number>
  /** Called once for each session that is put into quarantine. */
  damaged(session: SessionRecord, damage: string): void
  close(): Promise<void>
}

export class Repository implements Store {
  readonly #engine: Engine
  readonly #queue: CommitQueue
  readonly #heads = new Heads()
  readonly #log: SessionLog
  readonly lives: LifeLog = {
    insert: (life) => this.#write('promise', 2, (tx) => this.#engine.tables.lives.insert(tx, this.#self!.id, life)),
    patch: (epoch, patch) =>
      this.#write('promise', 1, (tx) => this.#engine.tables.lives.patch(tx, this.#self!.id, epoch, patch)),
    list: (node, limit) => this.#engine.tables.lives.list(this.#engine.reader, node, limit),
  }
  readonly elicitations: ElicitationReads = {
    find: (id) => this.#engine.tables.elicitations.find(this.#engine.reader, id),
    list: (filter, limit) => this.#engine.tables.elicitations.list(this.#engine.reader, filter, limit),
    listUnsettled: (no) => this.#engine.tables.elicitations.listUnsettled(this.#engine.reader, no),
  }
  #self: NodeRecord | undefined
  #closing: Promise<void> | undefined

  constructor(engine: Engine) {
    this.#engine = engine
    this.#queue = new CommitQueue({
      connection: engine.writer,
      ownsNode: (tx) => this.#ownsNode(tx),
      settled: (committed) => this.#settled(committed),
      working: (isWorking) => engine.working?.(isWorking),
      makeRoom: () => engine.makeRoom(),
      failed: (error) => engine.failed(error),
    })
    this.#log = new SessionLog({
      tables: engine.tables,
      reader: engine.reader,
      quarantine: (no, damage) => this.#quarantine(no, damage),
      damaged: (session, damage) => engine.damaged(session, damage),
    })
  }

  async openNode(node: string, now: number): Promise<NodeRecord> {
    const open = (tx: Executor): Promise<NodeRecord> => this.#engine.tables.nodes.open(tx, node, now)
    this.#self = await this.#queue.push({ durability: 'promise', weight: 1, alone: true, run: open })
    return this.#self
  }

  instanceNumber(): number {
    return this.#engine.instanceNumber
  }

  hasRoom(): boolean {
    return this.#engine.hasRoom()
  }

  createSession(session: NewSession): Promise<SessionRecord> {
    return this.#write('promise', 2, (tx) => this.#insertSession(tx, session))
  }

  findSession(idOrKey: string): Promise<SessionRecord | undefined> {
    return this.#engine.tables.sessions.find(this.#engine.reader, idOrKey)
  }

  findSessionByRequest(requestKey: string): Promise<SessionRecord | undefined> {
    return this.#engine.tables.sessions.findByRequest(this.#engine.reader, requestKey)
  }

  findSessionByConversation(agent: string, conversation: AgentSessionId): Promise<SessionRecord | undefined> {
    return this.#engine.tables.sessions.findByConversation(this.#engine.reader, agent, conversation)
  }

  findSessionByNo(no: SessionNo): Promise<SessionRecord | undefined> {
    return this.#engine.tables.sessions.findByNo(this.#engine.reader, no)
  }

  findGiven(no: SessionNo): Promise<GivenEquipment | undefined> {
    return this.#engine.tables.given.find(this.#engine.reader, no)
  }

  listSessions(filter: SessionFilter, page: PageRequest): Promise<SessionRecord[]> {
    const { reader, tables } = this.#engine
    const isFamily = filter.parent !== undefined || filter.label !== undefined
    return isFamily ? tables.families.list(reader, filter, page) : tables.sessions.list(reader, filter, page)
  }

  listUnsettledSessions(): Promise<SessionRecord[]> {
    return this.#engine.tables.sessions.listUnsettled(this.#engine.reader)
  }

  acquireSession(no: SessionNo, node: string): Promise<SessionRecord> {
    const acquire = async (tx: Executor): Promise<SessionRecord> => {
      this.#assertSelf(node)
      const session = await this.#engine.tables.sessions.acquire(tx, no, node)
      if (session === undefined) throw new HoldfastError('SESSION_NOT_FOUND', { session: no })
      const { id, damage } = session
      if (damage !== undefined) throw new HoldfastError('SESSION_DAMAGED', { session: id, reason: damage })
      return session
    }
    return this.#log.guard(no, () => this.#write('batch', 1, acquire))
  }

  commit(fence: Fence, durability: Durability, writes: readonly SessionWrite[]): Promise<EventRecord[]> {
    const apply = (tx: Executor): Promise<EventRecord[]> => {
      this.#assertSelf(fence.node)
      return applyCommit(tx, this.#engine.tables, this.#heads, { fence, writes, now: this.#engine.now() })
    }
    return this.#log.guard(fence.sessionNo, () => this.#write(durability, writes.length + 1, apply))
  }

  findTurn(turnId: TurnId): Promise<TurnRecord | undefined> {
    return this.#engine.tables.turns.find(this.#engine.reader, turnId)
  }

  findTurnByKey(no: SessionNo, idempotencyKey: string): Promise<TurnRecord | undefined> {
    return this.#engine.tables.turns.findByKey(this.#engine.reader, no, idempotencyKey)
  }

  listTurns(no: SessionNo, page: PageRequest): Promise<TurnRecord[]> {
    return this.#engine.tables.turns.list(this.#engine.reader, no, page)
  }

  listUnsettledTurns(no: SessionNo): Promise<TurnRecord[]> {
    return this.#engine.tables.turns.listUnsettled(this.#engine.reader, no)
  }

  insertPermissionRule(rule: PermissionRuleRecord): Promise<void> {
    return this.#write('promise', 1, (tx) => this.#engine.tables.permissionRules.insert(tx, rule))
  }

  revokePermissionRule(id: RuleId, revocation: Revocation): Promise<boolean> {
    return this.#write('promise', 1, (tx) => this.#engine.tables.permissionRules.revoke(tx, id, revocation))
  }

  findPermissionRule(id: RuleId): Promise<PermissionRuleRecord | undefined> {
    return this.#engine.tables.permissionRules.find(this.#engine.reader, id)
  }

  listPermissionRules(filter: RuleFilter, limit: number): Promise<PermissionRuleRecord[]> {
    return this.#engine.tables.permissionRules.list(this.#engine.reader, filter, limit)
  }

  findPermission(id: PermissionId) {
    return this.#engine.tables.permissions.find(this.#engine.reader, id)
  }

  listPermissions(filter: PermissionFilter, limit: number) {
    return this.#engine.tables.permissions.list(this.#engine.reader, filter, limit)
  }

  findTask(id: TaskId): Promise<StoredTask | undefined> {
    return this.#engine.tables.tasks.find(this.#engine.reader, id)
  }

  listOpenTasks(no: SessionNo): Promise<StoredTask[]> {
    return this.#engine.tables.tasks.listOpen(this.#engine.reader, no)
  }

  listTasks(filter: TaskFilter, page: PageRequest): Promise<StoredTask[]> {
    return this.#engine.tables.tasks.list(this.#engine.reader, filter, page)
  }

  listDueTasks(after: number, limit: number): Promise<StoredTask[]> {
    return this.#engine.tables.tasks.listDue(this.#engine.reader, after, limit)
  }

  listStrayTasks(limit: number): Promise<StoredTask[]> {
    return this.#engine.tables.tasks.listStray(this.#engine.reader, limit)
  }

  repairTask(turnId: TurnId, end: TaskEnd): Promise<void> {
    return this.#write('promise', 1, (tx) => this.#engine.tables.tasks.end(tx, turnId, end))
  }

  forgoTask(id: TaskId, at: number): Promise<void> {
    return this.#write('promise', 1, (tx) => this.#engine.tables.tasks.forgo(tx, id, at))
  }

  deleteTasks(endedBefore: number, limit: number): Promise<number> {
    return this.#write('batch', limit, (tx) => this.#engine.tables.tasks.deleteEnded(tx, endedBefore, limit))
  }

  countChildren(parent: SessionId): Promise<number> {
    return this.#engine.tables.families.countChildren(this.#engine.reader, parent)
  }

  readEvents(no: SessionNo, after: number, limit: number): Promise<EventRecord[]> {
    return this.#log.read(no, after, limit)
  }

  salvageEvents(no: SessionNo, after: number, limit: number): Promise<Salvaged> {
    return this.#log.salvage(no, after, limit)
  }

  retireSession(no: SessionNo): Promise<boolean> {
    return this.#write('promise', 1, (tx) => retireSession(tx, this.#engine.tables, no, this.#engine.now()))
  }

  lastSeq(no: SessionNo): Promise<number> {
    return this.#engine.tables.events.lastSeq(this.#engine.reader, no)
  }

  insertKeeper(keeper: NewKeeper): Promise<KeeperRecord> {
    return this.#write('promise', 1, (tx) => this.#engine.tables.keepers.insert(tx, keeper))
  }

  async updateKeeper(no: number, patch: KeeperPatch): Promise<void> {
    const found = await this.#write('batch', 1, (tx) => this.#engine.tables.keepers.update(tx, no, patch))
    assert(found, `there is no keeper ${no}`)
  }

  listKeepers(): Promise<KeeperRecord[]> {
    return this.#engine.tables.keepers.listOpen(this.#engine.reader)
  }

  insertLease(lease: Omit<LeaseRecord, 'id' | 'updatedAt'>): Promise<LeaseRecord> {
    return this.#write('promise', 1, (tx) => this.#engine.tables.leases.insert(tx, lease))
  }

  async updateLease(id: number, patch: LeasePatch, now: number): Promise<void> {
    // After a power loss no process of ours lives, so the pid and the end of one need no fsync.
    const found = await this.#write('batch', 1, (tx) => this.#engine.tables.leases.update(tx, id, patch, now))
    assert(found, `there is no lease ${id}`)
  }

  listLeases(states: readonly LeaseState[]): Promise<LeaseRecord[]> {
    return this.#engine.tables.leases.list(this.#engine.reader, states)
  }

  listLoginWaits(): Promise<LoginWait[]> {
    return this.#engine.tables.sessions.listLoginWaits(this.#engine.reader)
  }

  async counts(): Promise<StoreCounts> {
    const { reader, tables } = this.#engine
    const turns = await tables.turns.count(reader)
    return {
      sessionsByState: await tables.sessions.countByState(reader),
      turnsQueued: turns.queued,
      turnsActive: turns.active,
      permissionsOpen: await tables.permissions.countOpen(reader),
      elicitationsOpen: await tables.elicitations.countOpen(reader),
      sessionsDamaged: await tables.sessions.countDamaged(reader),
    }
  }

  get commitsWaiting(): number {
    return this.#queue.waiting
  }

  async probe(): Promise<void> {
    await this.#queue.push({ durability: 'batch', weight: 0, isProbe: true, run: () => Promise.resolve() })
  }

  async verify(): Promise<string[]> {
    const { reader, tables } = this.#engine
    const problems = await this.#engine.checkFiles()
    const found = (no: SessionNo, damage: string): Promise<unknown> => this.#log.quarantine(no, damage)
    return [...problems, ...(await verifyChains(reader, tables, { found }))]
  }

  async backUp(target: BackupTarget): Promise<BackupReport> {
    let quarantined = 0
    const found = (no: SessionNo, damage: string): Promise<unknown> => this.#log.quarantine(no, damage)
    const isKnown = ({ damage }: { damage: string | null }): boolean => damage !== null && ++quarantined > 0
    const bytes = await this.#engine.backUp(target, (copy) =>
      verifyChains(copy, this.#engine.tables, { found, isKnown }),
    )
    return { bytes, quarantined }
  }

  /** Commits what was accepted, then closes the engine. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#queue.close().then(() => this.#engine.close())
    return this.#closing
  }

  #write<T>(durability: Durability, weight: number, run: (tx: Executor) => Promise<T>): Promise<T> {
    if (this.#self === undefined) return Promise.reject(new AssertionFailure('openNode comes before the first write'))
    return this.#queue.push({ durability, weight, run })
  }

  async #insertSession(tx: Executor, session: NewSession): Promise<SessionRecord> {
    const { tables } = this.#engine
    try {
      const record = await tables.sessions.insert(tx, session)
      if (session.given !== undefined) await tables.given.put(tx, record.no, session.given)
      const chained = chain({ seq: 0, crc: 0 }, [createdEvent(session)])
      const fence = { sessionNo: record.no, node: record.node, epoch: record.epoch }
      const from = { seq: 0, crc: 0 }
      await tables.sessions.advance(tx, fence, { from, to: chained.head, turnN: 0, now: session.createdAt })
      await tables.events.append(tx, record.no, chained)
      return { ...record, lastSeq: chained.head.seq }
    } catch (error) {
      if (!(error instanceof RowRefusedError)) throw error
      throw new HoldfastError(
        'SESSION_CONFLICT',
        { session: session.key ?? session.id, field: 'key' },
        { cause: error },
      )
    }
  }

  /** A store that only looks marks nothing: false. */
  async #quarantine(no: SessionNo, damage: string): Promise<boolean> {
    if (this.#self === undefined) return false
    return this.#write('promise', 1, (tx) => this.#engine.tables.sessions.quarantine(tx, no, damage))
  }

  /** A fence in another node's name is as old as can be. */
  #assertSelf(node: string): void {
    if (node !== this.#self?.id) throw new LeaseLostError({ node })
  }

  #ownsNode(tx: Executor): Promise<boolean> {
    const { id, epoch } = this.#self!
    return this.#engine.tables.nodes.isCurrent(tx, id, epoch)
  }

  #settled(committed: boolean): void {
    if (!committed) return this.#heads.discard()
    this.#heads.confirm()
    this.#engine.committed()
  }
}

function createdEvent({
  key,
  agent,
  cwd,
  mode,
  onInterrupt,
  continuity,
  createdAt,
  family,
  forkOf,
}: NewSession): NewEvent {
  const policies = { on_interrupt: onInterrupt, continuity: continuity ?? 'resume' }
  const { label = null, parent = null } = family ?? {}
  const fork = forkOf === undefined ? {} : { forked_from: forkOf }
  const data = JSON.stringify({ key: key ?? null, agent, cwd, mode, ...policies, label, parent, ...fork })
  return { type: 'session.created', turnId: undefined, at: createdAt, data }
}
