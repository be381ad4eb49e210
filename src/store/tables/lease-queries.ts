// The queries of process leases.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import { sql } from 'kysely'

import type { LeaseState } from '../records.ts'
import type { StoreDialect } from '../dialect.ts'
import { query, rowOf } from '../query.ts'
import type { LeaseTable } from '../schema.ts'

export type LeaseQueries = ReturnType<typeof leaseQueries>

export type NewLeaseRow = Omit<LeaseTable, 'id'>

const COLUMNS = [
  'keeper_no',
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
] as const satisfies readonly (keyof NewLeaseRow)[]

type UpdateArgs = {
  id: number
  state: LeaseState | null
  pid: number | null
  startTicks: string | null
  exit: string | null
  sessionId: string | null
  generation: number | null
  now: number
}

export function leaseQueries({ builder }: StoreDialect) {
  return {
    insert: query((args: NewLeaseRow) => builder.insertInto('lease').values(rowOf(args, COLUMNS)).returningAll()),
    update: query((args: UpdateArgs) =>
      builder
        .updateTable('lease')
        .set({
          state: sql<LeaseState>`coalesce(${args.state}, state)`,
          pid: sql<number>`coalesce(${args.pid}, pid)`,
          start_ticks: sql<string>`coalesce(${args.startTicks}, start_ticks)`,
          exit: sql<string>`coalesce(${args.exit}, exit)`,
          session_id: sql<string>`coalesce(${args.sessionId}, session_id)`,
          generation: sql<number>`coalesce(${args.generation}, generation)`,
          updated_at: args.now,
        })
        .where('id', '=', args.id),
    ),
    list: query((args: { state: LeaseState }) =>
      builder.selectFrom('lease').selectAll().where('state', '=', args.state).orderBy('id'),
    ),
  }
}
