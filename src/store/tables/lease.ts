// Process leases: durable proof, written before a spawn, that an OS process tree is ours.

import { sql } from 'kysely'

import type { SessionId } from '../../base/ids.ts'
import type { LeaseRecord, LeaseState } from '../records.ts'
import type { StoreDialect } from '../dialect.ts'
import type { LeaseTable } from '../schema.ts'
import { rowOf, statement } from '../statement.ts'
import type { Executor } from '../statement.ts'

type LeaseStatements = ReturnType<typeof compile>
type LeaseRow = Omit<LeaseTable, 'id'> & { id: number }
type NewRow = Omit<LeaseTable, 'id'>

export interface LeasePatch {
  readonly state?: LeaseState
  readonly pid?: number
  readonly startTicks?: string
  readonly exit?: string
}

export class LeaseRows {
  readonly #statements: LeaseStatements

  constructor(dialect: StoreDialect) {
    this.#statements = compile(dialect)
  }

  async insert(tx: Executor, lease: Omit<LeaseRecord, 'id' | 'updatedAt'>): Promise<LeaseRecord> {
    const [row] = await tx.all(this.#statements.insert, toRow(lease))
    return toLease(row!)
  }

  /** False when there is no such lease. */
  async update(tx: Executor, id: number, patch: LeasePatch, now: number): Promise<boolean> {
    const { state = null, pid = null, startTicks = null, exit = null } = patch
    return (await tx.run(this.#statements.update, { id, state, pid, startTicks, exit, now })) === 1
  }

  /** In the order they were made. */
  async list(db: Executor, states: readonly LeaseState[]): Promise<LeaseRecord[]> {
    const found: LeaseRow[] = []
    for (const state of new Set(states)) found.push(...(await db.all(this.#statements.list, { state })))
    return found.toSorted((a, b) => a.id - b.id).map(toLease)
  }

  statements(): LeaseStatements {
    return this.#statements
  }
}

function toLease(row: LeaseRow): LeaseRecord {
  return {
    id: row.id,
    sessionId: row.session_id as SessionId,
    generation: row.generation,
    agent: row.agent,
    nodeEpoch: row.node_epoch,
    state: row.state,
    bootId: row.boot_id,
    tag: row.tag,
    commandDigest: row.command_digest,
    pid: row.pid ?? undefined,
    startTicks: row.start_ticks ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    exit: row.exit ?? undefined,
  }
}

function toRow(lease: Omit<LeaseRecord, 'id' | 'updatedAt'>): NewRow {
  return {
    session_id: lease.sessionId,
    generation: lease.generation,
    agent: lease.agent,
    node_epoch: lease.nodeEpoch,
    state: lease.state,
    boot_id: lease.bootId,
    tag: lease.tag,
    command_digest: lease.commandDigest,
    pid: lease.pid ?? null,
    start_ticks: lease.startTicks ?? null,
    created_at: lease.createdAt,
    updated_at: lease.createdAt,
    exit: lease.exit ?? null,
  }
}

const COLUMNS = [
  'session_id',
  'generation',
  'agent',
  'node_epoch',
  'state',
  'boot_id',
  'tag',
  'command_digest',
  'pid',
  'start_ticks',
  'created_at',
  'updated_at',
  'exit',
] as const satisfies readonly (keyof NewRow)[]

type UpdateArgs = {
  id: number
  state: LeaseState | null
  pid: number | null
  startTicks: string | null
  exit: string | null
  now: number
}

function compile({ builder }: StoreDialect) {
  return {
    insert: statement('lease.insert', (args: NewRow) =>
      builder.insertInto('lease').values(rowOf(args, COLUMNS)).returningAll(),
    ),
    update: statement('lease.update', (args: UpdateArgs) =>
      builder
        .updateTable('lease')
        .set({
          state: sql<LeaseState>`coalesce(${args.state}, state)`,
          pid: sql<number>`coalesce(${args.pid}, pid)`,
          start_ticks: sql<string>`coalesce(${args.startTicks}, start_ticks)`,
          exit: sql<string>`coalesce(${args.exit}, exit)`,
          updated_at: args.now,
        })
        .where('id', '=', args.id),
    ),
    list: statement('lease.list', (args: { state: LeaseState }) =>
      builder.selectFrom('lease').selectAll().where('state', '=', args.state).orderBy('id'),
    ),
  }
}
