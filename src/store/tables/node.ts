// Nodes: one row for each gateway, whose epoch fences every older life of it.

import type { NodeRecord } from '../store.ts'
import { statementsOf } from '../statement.ts'
import type { NodeQueries } from './node-queries.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'

export class NodeRows {
  readonly #statements: StatementsOf<NodeQueries>

  constructor(texts: TextsOf<NodeQueries>) {
    this.#statements = statementsOf('node', texts)
  }

  /** Raises the node's epoch by one, from 1 at its first life. */
  async open(tx: Executor, id: string, now: number): Promise<NodeRecord> {
    const [row] = await tx.all(this.#statements.open, { id, now })
    return { id, epoch: row!.epoch, startedAt: row!.started_at }
  }

  /** Whether `epoch` is still the newest life of the node. */
  async isCurrent(tx: Executor, id: string, epoch: number): Promise<boolean> {
    return (await tx.all(this.#statements.isCurrent, { id, epoch })).length === 1
  }

  statements(): StatementsOf<NodeQueries> {
    return this.#statements
  }
}
