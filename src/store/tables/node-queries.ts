// The queries of node rows.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import type { StoreDialect } from '../dialect.ts'
import { query } from '../query.ts'

export type NodeQueries = ReturnType<typeof nodeQueries>

export function nodeQueries({ builder, now }: StoreDialect) {
  return {
    open: query((args: { id: string; now: number }) =>
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
    isCurrent: query((args: { id: string; epoch: number }) =>
      builder.selectFrom('node').select('epoch').where('id', '=', args.id).where('epoch', '=', args.epoch),
    ),
  }
}
