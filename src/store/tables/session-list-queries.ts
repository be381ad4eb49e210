// The queries that list sessions, one for each combination of filters.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import { sql } from 'kysely'

import type { SessionState } from '../records.ts'
import type { StoreDialect } from '../dialect.ts'
import { query } from '../query.ts'
import type { Query } from '../statement.ts'
import { LIST_SHAPES } from './session-list.ts'
import type { ListShape } from './session-list.ts'
import type { SessionRow } from './session-queries.ts'

export type SessionListQueries = ReturnType<typeof sessionListQueries>

type ListArgs = { state: SessionState; agent: string; before: number; limit: number }

export function sessionListQueries(dialect: StoreDialect): Record<ListShape, Query<ListArgs, SessionRow>> {
  const entries = LIST_SHAPES.map((shape) => [shape, list(dialect, new Set(shape.split('+')))])
  return Object.fromEntries(entries) as Record<ListShape, Query<ListArgs, SessionRow>>
}

function list({ builder }: StoreDialect, filters: ReadonlySet<string>): Query<ListArgs, SessionRow> {
  return query((args: ListArgs) => {
    let found = builder.selectFrom('session').selectAll().where('no', '<', args.before)
    if (filters.has('state')) found = found.where('state', '=', args.state)
    if (filters.has('agent')) found = found.where('agent', '=', args.agent)
    if (filters.has('blocked')) found = found.where(sql<boolean>`blocked_by is not null`)
    if (filters.has('free')) found = found.where(sql<boolean>`blocked_by is null`)
    return found.orderBy('no', 'desc').limit(args.limit)
  })
}
