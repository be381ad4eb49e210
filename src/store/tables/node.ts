// Nodes: one row for each gateway, whose epoch fences every older life of it.

import type { NodeRecord } from '../store.ts'
import type { StoreDialect } from '../dialect.ts'
import { statement } from '../statement.ts'
import type { Executor } from '../statement.ts'

type NodeStatements = ReturnType<typeof compile>

export class NodeRows {
  readonly #statements: NodeStatements

  constructor(dialect: StoreDialect) {
    this.#statements = compile(dialect)
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

  statements(): NodeStatements {
    return this.#statements
  }
}

function compile({ builder, now }: StoreDialect) {
  return {
    open: statement('node.open', (args: { id: string; now: number }) =>
      builder
        .insertInto('node')
        .values({ id: args.id, epoch: 1, started_at: now(args) })
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet((row) => ({ epoch: row('node.epoch', '+', 1), started_at: row.ref('excluded.started_at') })),
        )
        .returning(['epoch', 'started_at']),
    ),
    isCurrent: statement('node.isCurrent', (args: { id: string; epoch: number }) =>
      builder.selectFrom('node').select('epoch').where('id', '=', args.id).where('epoch', '=', args.epoch),
    ),
  }
}
