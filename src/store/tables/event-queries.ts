// The queries of event rows.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import type { StoreDialect } from '../dialect.ts'
import { query } from '../query.ts'
import type { Query, SqlValue } from '../statement.ts'

export type EventQueries = ReturnType<typeof eventQueries>

type PageArgs = { no: number; after: number; limit: number }

export function eventQueries({ builder }: StoreDialect) {
  const page = (args: PageArgs) =>
    builder
      .selectFrom('event')
      .where('session_no', '=', args.no)
      .where('seq', '>', args.after)
      .orderBy('seq')
      .limit(args.limit)
  return {
    append64: append(builder, 64),
    append16: append(builder, 16),
    append4: append(builder, 4),
    append1: append(builder, 1),
    read: query((args: PageArgs) => page(args).selectAll()),
    crc: query((args: { no: number; seq: number }) =>
      builder.selectFrom('event').select('crc').where('session_no', '=', args.no).where('seq', '=', args.seq),
    ),
    lastSeq: query((args: { no: number }) =>
      builder.selectFrom('event').select('seq').where('session_no', '=', args.no).orderBy('seq', 'desc').limit(1),
    ),
  }
}

/** Arguments by position, seven a row. */
function append(builder: StoreDialect['builder'], size: number): Query<readonly SqlValue[], unknown> {
  const row = { session_no: 0, seq: 0, turn_id: null, type: 'update' as const, at: 0, data: '', crc: 0 }
  const { sql } = builder
    .insertInto('event')
    .values(Array.from({ length: size }, () => row))
    .compile()
  return { sql, parameters: [] }
}
