// The queries of keepers.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import { sql } from 'kysely'

import type { StoreDialect } from '../dialect.ts'
import { query, rowOf } from '../query.ts'
import type { KeeperTable } from '../schema.ts'

export type KeeperQueries = ReturnType<typeof keeperQueries>

export type NewKeeperRow = Omit<KeeperTable, 'no'>

const COLUMNS = [
  'hosting',
  'node_epoch',
  'version',
  'boot_id',
  'secret',
  'pid',
  'start_ticks',
  'started_at',
  'ended_at',
] as const satisfies readonly (keyof NewKeeperRow)[]

type UpdateArgs = { no: number; pid: number | null; startTicks: string | null; endedAt: number | null }

export function keeperQueries({ builder }: StoreDialect) {
  return {
    insert: query((args: NewKeeperRow) => builder.insertInto('keeper').values(rowOf(args, COLUMNS)).returningAll()),
    update: query((args: UpdateArgs) =>
      builder
        .updateTable('keeper')
        .set({
          pid: sql<number>`coalesce(${args.pid}, pid)`,
          start_ticks: sql<string>`coalesce(${args.startTicks}, start_ticks)`,
          ended_at: sql<number>`coalesce(${args.endedAt}, ended_at)`,
        })
        .where('no', '=', args.no),
    ),
    listOpen: query(() => builder.selectFrom('keeper').selectAll().where('ended_at', 'is', null).orderBy('no')),
  }
}
