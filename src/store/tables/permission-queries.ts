// The queries of permission requests.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import type { PermissionState } from '../records.ts'
import type { StoreDialect } from '../dialect.ts'
import { query, rowOf } from '../query.ts'
import { permissionIsOpen } from '../schema.ts'
import type { PermissionTable } from '../schema.ts'

export type PermissionQueries = ReturnType<typeof permissionQueries>

export type NewPermissionRow = Omit<PermissionTable, 'no'>

const COLUMNS = [
  'id',
  'session_no',
  'turn_id',
  'generation',
  'request_id',
  'line',
  'tool_call',
  'options',
  'state',
  'option_id',
  'answered_by',
  'requested_at',
  'due_at',
  'closed_at',
] as const satisfies readonly (keyof NewPermissionRow)[]

type CloseArgs = {
  no: number
  id: string
  state: PermissionState
  optionId: string | null
  answeredBy: string | null
  closedAt: number
}

export function permissionQueries(dialect: StoreDialect) {
  return { ...writes(dialect), ...reads(dialect) }
}

function writes({ builder }: StoreDialect) {
  return {
    insert: query((args: NewPermissionRow) => builder.insertInto('permission').values(rowOf(args, COLUMNS))),
    close: query((args: CloseArgs) =>
      builder
        .updateTable('permission')
        .set({
          state: args.state,
          option_id: args.optionId,
          answered_by: args.answeredBy,
          closed_at: args.closedAt,
        })
        .where('id', '=', args.id)
        .where('session_no', '=', args.no)
        .where(permissionIsOpen()),
    ),
  }
}

function reads({ builder }: StoreDialect) {
  const permission = builder.selectFrom('permission').selectAll()
  const newest = permission.orderBy('no', 'desc')
  return {
    find: query((args: { id: string }) => permission.where('id', '=', args.id)),
    list: query((args: { limit: number }) => newest.limit(args.limit)),
    listState: query((args: { state: PermissionState; limit: number }) =>
      newest.where('state', '=', args.state).limit(args.limit),
    ),
    listSession: query((args: { no: number; limit: number }) =>
      newest.where('session_no', '=', args.no).limit(args.limit),
    ),
    listOpen: query((args: { no: number; limit: number }) =>
      newest.where('session_no', '=', args.no).where(permissionIsOpen()).limit(args.limit),
    ),
    listBoth: query((args: { no: number; state: PermissionState; limit: number }) =>
      newest.where('session_no', '=', args.no).where('state', '=', args.state).limit(args.limit),
    ),
    countOpen: query(() =>
      builder
        .selectFrom('permission')
        .select((row) => row.fn.countAll<number>().as('count'))
        .where(permissionIsOpen()),
    ),
  }
}
