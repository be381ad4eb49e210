// Keepers: who holds agent processes, written before it is started. The number of the row is the epoch of its tags.

import type { KeeperRecord } from '../records.ts'
import type { KeeperTable } from '../schema.ts'
import { statementsOf } from '../statement.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'
import type { KeeperQueries } from './keeper-queries.ts'

type KeeperRow = Omit<KeeperTable, 'no'> & { no: number }

export type NewKeeper = Omit<KeeperRecord, 'no' | 'pid' | 'startTicks' | 'endedAt'>

export interface KeeperPatch {
  readonly pid?: number
  readonly startTicks?: string
  readonly endedAt?: number
}

export class KeeperRows {
  readonly #statements: StatementsOf<KeeperQueries>

  constructor(texts: TextsOf<KeeperQueries>) {
    this.#statements = statementsOf('keeper', texts)
  }

  async insert(tx: Executor, keeper: NewKeeper): Promise<KeeperRecord> {
    const { hosting, nodeEpoch, version, bootId, secret, startedAt } = keeper
    const [row] = await tx.all(this.#statements.insert, {
      hosting,
      node_epoch: nodeEpoch,
      version,
      boot_id: bootId,
      secret,
      pid: null,
      start_ticks: null,
      started_at: startedAt,
      ended_at: null,
    })
    return toKeeper(row!)
  }

  /** False when there is no such keeper. */
  async update(tx: Executor, no: number, patch: KeeperPatch): Promise<boolean> {
    const { pid = null, startTicks = null, endedAt = null } = patch
    return (await tx.run(this.#statements.update, { no, pid, startTicks, endedAt })) === 1
  }

  /** Those that have not ended as far as is known, in the order they were made. */
  async listOpen(db: Executor): Promise<KeeperRecord[]> {
    return (await db.all(this.#statements.listOpen, {})).map(toKeeper)
  }

  statements(): StatementsOf<KeeperQueries> {
    return this.#statements
  }
}

function toKeeper(row: KeeperRow): KeeperRecord {
  return {
    no: row.no,
    hosting: row.hosting,
    nodeEpoch: row.node_epoch,
    version: row.version,
    bootId: row.boot_id,
    secret: row.secret,
    pid: row.pid ?? undefined,
    startTicks: row.start_ticks ?? undefined,
    startedAt: row.started_at,
    endedAt: row.ended_at ?? undefined,
  }
}
