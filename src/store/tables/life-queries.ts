// The queries of the lives of a gateway.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'

import type { StoreDialect } from '../dialect.ts'
import { query, rowOf } from '../query.ts'
import type { LifeTable } from '../schema.ts'

export type LifeQueries = ReturnType<typeof lifeQueries>

const COLUMNS = [
  'node_id',
  'epoch',
  'version',
  'pid',
  'boot_id',
  'started_at',
  'ready_at',
  'safe_mode',
  'turns_taken_over',
  'turns_interrupted',
  'memory_group',
  'oom_kills',
  'asked_at',
  'ended_at',
  'ended_how',
  'ended_code',
  'ended_reason',
] as const satisfies readonly (keyof LifeTable)[]

type Patched = 'ready_at' | 'safe_mode' | 'turns_taken_over' | 'turns_interrupted' | 'asked_at'
type Patch = Pick<LifeTable, 'node_id' | 'epoch' | Patched>
type Ending = Pick<LifeTable, 'node_id' | 'epoch' | 'ended_at' | 'ended_how' | 'ended_code' | 'ended_reason'>

export function lifeQueries({ builder }: StoreDialect) {
  return {
    insert: query((args: LifeTable) => builder.insertInto('life').values(rowOf(args, COLUMNS))),
    patch: query((args: Patch) =>
      builder
        .updateTable('life')
        .set({
          ready_at: given(args.ready_at, 'ready_at'),
          safe_mode: given(args.safe_mode, 'safe_mode'),
          turns_taken_over: given(args.turns_taken_over, 'turns_taken_over'),
          turns_interrupted: given(args.turns_interrupted, 'turns_interrupted'),
          asked_at: given(args.asked_at, 'asked_at'),
        })
        .where('node_id', '=', args.node_id)
        .where('epoch', '=', args.epoch),
    ),
    end: query((args: Ending) =>
      builder
        .updateTable('life')
        .set({
          ended_at: args.ended_at,
          ended_how: args.ended_how,
          ended_code: args.ended_code,
          ended_reason: args.ended_reason,
        })
        .where('node_id', '=', args.node_id)
        .where('epoch', '=', args.epoch)
        .where('ended_how', 'is', null),
    ),
    forget: query((args: { node_id: string; upTo: number }) =>
      builder.deleteFrom('life').where('node_id', '=', args.node_id).where('epoch', '<=', args.upTo),
    ),
    list: query((args: { node_id: string; limit: number }) =>
      builder
        .selectFrom('life')
        .selectAll()
        .where('node_id', '=', args.node_id)
        .orderBy('epoch', 'desc')
        .limit(args.limit),
    ),
  }
}

/** The argument, or what there is. */
function given<T>(argument: T, column: keyof LifeTable): RawBuilder<T> {
  return sql<T>`coalesce(${argument}, ${sql.ref(column)})`
}
