// Process leases: durable proof, written before a spawn, that an OS process tree is ours.

import type { SessionId } from '../../base/ids.ts'
import type { LeaseRecord, LeaseState } from '../records.ts'
import type { LeaseTable } from '../schema.ts'
import { statementsOf } from '../statement.ts'
import type { LeaseQueries, NewLeaseRow } from './lease-queries.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'

type LeaseRow = Omit<LeaseTable, 'id'> & { id: number }

export interface LeasePatch {
  readonly state?: LeaseState
  /** For a process that was started for no session. */
  readonly sessionId?: SessionId
  readonly generation?: number
  readonly pid?: number
  readonly startTicks?: string
  readonly exit?: string
}

export class LeaseRows {
  readonly #statements: StatementsOf<LeaseQueries>

  constructor(texts: TextsOf<LeaseQueries>) {
    this.#statements = statementsOf('lease', texts)
  }

  async insert(tx: Executor, lease: Omit<LeaseRecord, 'id' | 'updatedAt'>): Promise<LeaseRecord> {
    const [row] = await tx.all(this.#statements.insert, toRow(lease))
    return toLease(row!)
  }

  /** False when there is no such lease. */
  async update(tx: Executor, id: number, patch: LeasePatch, now: number): Promise<boolean> {
    const { state = null, pid = null, startTicks = null, exit = null, sessionId = null, generation = null } = patch
    const args = { id, state, pid, startTicks, exit, sessionId, generation, now }
    return (await tx.run(this.#statements.update, args)) === 1
  }

  /** In the order they were made. */
  async list(db: Executor, states: readonly LeaseState[]): Promise<LeaseRecord[]> {
    const found: LeaseRow[] = []
    for (const state of new Set(states)) found.push(...(await db.all(this.#statements.list, { state })))
    return found.toSorted((a, b) => a.id - b.id).map(toLease)
  }

  statements(): StatementsOf<LeaseQueries> {
    return this.#statements
  }
}

function toLease(row: LeaseRow): LeaseRecord {
  return {
    id: row.id,
    keeperNo: row.keeper_no,
    sessionId: (row.session_id ?? undefined) as SessionId | undefined,
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

function toRow(lease: Omit<LeaseRecord, 'id' | 'updatedAt'>): NewLeaseRow {
  return {
    keeper_no: lease.keeperNo,
    session_id: lease.sessionId ?? null,
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
