// Session rows: create, acquire, the fenced advance of the event head, lists.
// The fence is here: `advance` changes a row only for the owner that the row names.

import { sql } from 'kysely'

import { LeaseLostError } from '../../base/errors.ts'
import type { AgentSessionId, SessionId, TurnId } from '../../base/ids.ts'
import type { SessionNo, SessionRecord, SessionState } from '../records.ts'
import type { Fence, NewSession, PageRequest, SessionFilter, SessionPatch, StoreCounts } from '../store.ts'
import type { StoreDialect } from '../dialect.ts'
import { permissionIsOpen, sessionIsNotClosed, turnIsUnsettled } from '../schema.ts'
import type { SessionTable } from '../schema.ts'
import { statement } from '../statement.ts'
import type { Executor } from '../statement.ts'
import { compileSessionLists, listShape } from './session-list.ts'

type SessionStatements = ReturnType<typeof compile>
export type SessionRow = Omit<SessionTable, 'no'> & { no: number }

/** The end of a session's event chain. */
export interface Head {
  readonly seq: number
  readonly crc: number
}

const FIRST_PAGE = Number.MAX_SAFE_INTEGER

export class SessionRows {
  readonly #statements: SessionStatements

  constructor(dialect: StoreDialect) {
    this.#statements = compile(dialect)
  }

  async insert(tx: Executor, session: NewSession): Promise<SessionRecord> {
    const { id, key, agent, cwd, mode, onInterrupt, createdAt } = session
    const args = { id, key: key ?? null, agent, cwd, mode, onInterrupt, createdAt }
    const [row] = await tx.all(this.#statements.insert, args)
    return toSession(row!)
  }

  /** Epoch + 1 for `node`; undefined when there is no such session. */
  async acquire(tx: Executor, no: SessionNo, node: string): Promise<SessionRecord | undefined> {
    const [row] = await tx.all(this.#statements.acquire, { no, node })
    return row && toSession(row)
  }

  /** Where the chain ends, if `fence` names the owner; else LEASE_LOST. */
  async head(tx: Executor, fence: Fence): Promise<Head> {
    const { sessionNo: no, node, epoch } = fence
    const [row] = await tx.all(this.#statements.head, { no, node, epoch })
    if (row === undefined) throw new LeaseLostError({ sessionNo: no, node, epoch })
    return { seq: row.last_seq, crc: row.last_crc }
  }

  /** The fence of a commit: moves the head, and only for the owner that the row names. False when no row changed. */
  async advance(tx: Executor, fence: Fence, step: Advance): Promise<boolean> {
    const { sessionNo: no, node, epoch } = fence
    const { from, to, turnN, now } = step
    const args = { no, node, epoch, fromSeq: from.seq, seq: to.seq, crc: to.crc, turnN, now }
    return (await tx.run(this.#statements.advance, args)) === 1
  }

  async patch(tx: Executor, no: SessionNo, patch: SessionPatch): Promise<void> {
    await tx.run(this.#statements.patch, {
      no,
      state: patch.state ?? null,
      setBlockedBy: patch.blockedBy === undefined ? 0 : 1,
      blockedBy: patch.blockedBy ?? null,
      setAgentSessionId: patch.agentSessionId === undefined ? 0 : 1,
      agentSessionId: patch.agentSessionId ?? null,
      generation: patch.generation ?? null,
      closedAt: patch.closedAt ?? null,
    })
  }

  async find(db: Executor, idOrKey: string): Promise<SessionRecord | undefined> {
    const byId = await db.all(this.#statements.findById, { id: idOrKey })
    const [row] = byId.length > 0 ? byId : await db.all(this.#statements.findByKey, { key: idOrKey })
    return row && toSession(row)
  }

  async findByNo(db: Executor, no: SessionNo): Promise<SessionRecord | undefined> {
    const [row] = await db.all(this.#statements.findByNo, { no })
    return row && toSession(row)
  }

  async list(db: Executor, filter: SessionFilter, page: PageRequest): Promise<SessionRecord[]> {
    const args = {
      state: filter.state ?? 'open',
      agent: filter.agent ?? '',
      before: page.before ?? FIRST_PAGE,
      limit: page.limit,
    }
    return (await db.all(this.#statements.lists[listShape(filter)]!, args)).map(toSession)
  }

  async listUnsettled(db: Executor): Promise<SessionRecord[]> {
    return (await db.all(this.#statements.listUnsettled, {})).map(toSession)
  }

  /** Rows with `no` > after, oldest first: for walks over everything. */
  async walk(db: Executor, after: SessionNo, limit: number): Promise<SessionRow[]> {
    return db.all(this.#statements.walk, { after, limit })
  }

  async countByState(db: Executor): Promise<StoreCounts['sessionsByState']> {
    const count = async (state: SessionState): Promise<number> => {
      const [row] = await db.all(this.#statements.count, { state })
      return row!.count
    }
    return { open: await count('open'), closing: await count('closing'), closed: await count('closed') }
  }

  statements() {
    const { lists, ...others } = this.#statements
    return { ...others, ...lists }
  }
}

export interface Advance {
  readonly from: Head
  readonly to: Head
  /** Accept number of the newest turn in the commit; 0 without one. */
  readonly turnN: number
  readonly now: number
}

export function toSession(row: SessionRow): SessionRecord {
  return {
    no: row.no,
    id: row.id as SessionId,
    key: row.key ?? undefined,
    agent: row.agent,
    cwd: row.cwd,
    mode: row.mode,
    onInterrupt: row.on_interrupt,
    state: row.state,
    blockedBy: (row.blocked_by as TurnId | null) ?? undefined,
    agentSessionId: (row.agent_session_id as AgentSessionId | null) ?? undefined,
    generation: row.generation,
    node: row.node_id,
    epoch: row.epoch,
    lastSeq: row.last_seq,
    lastTurnN: row.last_turn_n,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    closedAt: row.closed_at ?? undefined,
  }
}

function compile(dialect: StoreDialect) {
  return { ...compileReads(dialect), ...compileOwnership(dialect), lists: compileSessionLists(dialect) }
}

type InsertArgs = Omit<NewSession, 'key'> & { key: string | null }
type OwnerArgs = { no: number; node: string; epoch: number }
type AdvanceArgs = OwnerArgs & { fromSeq: number; seq: number; crc: number; turnN: number; now: number }
type PatchArgs = {
  no: number
  state: SessionState | null
  setBlockedBy: number
  blockedBy: string | null
  setAgentSessionId: number
  agentSessionId: string | null
  generation: number | null
  closedAt: number | null
}

function compileOwnership({ builder, now }: StoreDialect) {
  return {
    insert: statement('session.insert', (args: InsertArgs) =>
      builder
        .insertInto('session')
        .values({
          id: args.id,
          key: args.key,
          agent: args.agent,
          cwd: args.cwd,
          mode: args.mode,
          on_interrupt: args.onInterrupt,
          state: 'open',
          generation: 0,
          node_id: '',
          epoch: 0,
          last_seq: 0,
          last_crc: 0,
          last_turn_n: 0,
          created_at: args.createdAt,
          updated_at: args.createdAt,
        })
        .returningAll(),
    ),
    acquire: statement('session.acquire', (args: { no: number; node: string }) =>
      builder
        .updateTable('session')
        .set((row) => ({ node_id: args.node, epoch: row('epoch', '+', 1) }))
        .where('no', '=', args.no)
        .returningAll(),
    ),
    head: statement('session.head', (args: OwnerArgs) =>
      builder
        .selectFrom('session')
        .select(['last_seq', 'last_crc'])
        .where('no', '=', args.no)
        .where('node_id', '=', args.node)
        .where('epoch', '=', args.epoch),
    ),
    advance: statement('session.advance', (args: AdvanceArgs) =>
      builder
        .updateTable('session')
        .set({
          last_seq: args.seq,
          last_crc: args.crc,
          last_turn_n: sql<number>`case when last_turn_n < ${args.turnN} then ${args.turnN} else last_turn_n end`,
          updated_at: now(args),
        })
        .where('no', '=', args.no)
        .where('node_id', '=', args.node)
        .where('epoch', '=', args.epoch)
        .where('last_seq', '=', args.fromSeq),
    ),
    patch: statement('session.patch', (args: PatchArgs) =>
      builder
        .updateTable('session')
        .set({
          state: sql<SessionState>`coalesce(${args.state}, state)`,
          blocked_by: sql<string>`case when ${args.setBlockedBy} = 1 then ${args.blockedBy} else blocked_by end`,
          agent_session_id: sql<string>`case when ${args.setAgentSessionId} = 1 then ${args.agentSessionId} else agent_session_id end`,
          generation: sql<number>`coalesce(${args.generation}, generation)`,
          closed_at: sql<number>`coalesce(${args.closedAt}, closed_at)`,
        })
        .where('no', '=', args.no),
    ),
  }
}

function compileReads({ builder }: StoreDialect) {
  const session = builder.selectFrom('session').selectAll('session')
  return {
    findById: statement('session.findById', (args: { id: string }) => session.where('id', '=', args.id)),
    findByKey: statement('session.findByKey', (args: { key: string }) =>
      session.where('key', '=', args.key).where(sessionIsNotClosed()),
    ),
    findByNo: statement('session.findByNo', (args: { no: number }) => session.where('no', '=', args.no)),
    listUnsettled: statement('session.listUnsettled', () =>
      session
        .where('no', 'in', (some) =>
          some
            .selectFrom('turn')
            .select('turn.session_no as no')
            .where(turnIsUnsettled())
            .unionAll(some.selectFrom('permission').select('permission.session_no as no').where(permissionIsOpen()))
            .unionAll(some.selectFrom('session as s').select('s.no').where('s.state', '=', 'closing')),
        )
        .orderBy('no'),
    ),
    walk: statement('session.walk', (args: { after: number; limit: number }) =>
      session.where('no', '>', args.after).orderBy('no').limit(args.limit),
    ),
    count: statement('session.count', (args: { state: SessionState }) =>
      builder
        .selectFrom('session')
        .select((row) => row.fn.countAll<number>().as('count'))
        .where('state', '=', args.state),
    ),
  }
}
