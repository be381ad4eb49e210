// The queries of session rows by what people and parents see of them: label and parent.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import { sql } from 'kysely'

import type { NotifyPolicy, SessionState } from '../records.ts'
import type { StoreDialect } from '../dialect.ts'
import { query } from '../query.ts'
import { sessionIsNotClosed } from '../schema.ts'
import type { SessionRow } from './session-queries.ts'

export type SessionFamilyQueries = ReturnType<typeof sessionFamilyQueries>

/** A filter that is null lets everything through: who asks for a family asks for few rows. */
export type FamilyArgs = {
  state: SessionState | null
  agent: string | null
  blocked: number | null
  /** The label is at least `from` and below `to`. */
  from: string | null
  to: string | null
  before: number
  limit: number
}

type DescribeArgs = { no: number; label: string | null; parent: string | null; notify: NotifyPolicy }

export function sessionFamilyQueries({ builder }: StoreDialect) {
  const filtered = (args: FamilyArgs) =>
    builder
      .selectFrom('session')
      .selectAll('session')
      .where('no', '<', args.before)
      .where(sql<boolean>`(${args.state} is null or state = ${args.state})`)
      .where(sql<boolean>`(${args.agent} is null or agent = ${args.agent})`)
      .where(sql<boolean>`(${args.blocked} is null or (blocked_by is not null) = ${args.blocked})`)
      .where(sql<boolean>`(${args.from} is null or (label >= ${args.from} and label < ${args.to}))`)
      .orderBy('no', 'desc')
      .limit(args.limit)
  return {
    describe: query((args: DescribeArgs) =>
      builder
        .updateTable('session')
        .set({ label: args.label, parent: args.parent, notify: args.notify })
        .where('no', '=', args.no),
    ),
    listChildren: query<FamilyArgs & { parent: string }, SessionRow>((args) =>
      filtered(args).where('parent', '=', args.parent),
    ),
    listLabelled: query<FamilyArgs, SessionRow>((args) => filtered(args).where('label', 'is not', null)),
    countChildren: query((args: { parent: string }) =>
      builder
        .selectFrom('session')
        .select((row) => row.fn.countAll<number>().as('count'))
        .where('parent', '=', args.parent)
        .where(sessionIsNotClosed()),
    ),
  }
}
