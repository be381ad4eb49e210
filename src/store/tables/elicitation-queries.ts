// The queries of what agents ask of people.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import type { StoreDialect } from '../dialect.ts'
import type { ElicitationAction, ElicitationState } from '../elicitation-record.ts'
import { query, rowOf } from '../query.ts'
import { elicitationIsKept, elicitationIsOpen } from '../schema.ts'
import type { ElicitationTable } from '../schema.ts'

export type ElicitationQueries = ReturnType<typeof elicitationQueries>

export type NewElicitationRow = Omit<ElicitationTable, 'no'>

const COLUMNS = [
  'id',
  'session_no',
  'turn_id',
  'generation',
  'request_id',
  'line',
  'mode',
  'message',
  'requested_schema',
  'url',
  'agent_elicitation_id',
  'tool_call_id',
  'state',
  'action',
  'fields',
  'content',
  'answered_by',
  'requested_at',
  'due_at',
  'closed_at',
  'completed_at',
] as const satisfies readonly (keyof NewElicitationRow)[]

type CloseArgs = {
  no: number
  id: string
  state: ElicitationState
  action: ElicitationAction
  fields: string | null
  content: string | null
  answeredBy: string | null
  closedAt: number
}

export function elicitationQueries(dialect: StoreDialect) {
  return { ...writes(dialect), ...reads(dialect) }
}

function writes({ builder }: StoreDialect) {
  const update = builder.updateTable('elicitation')
  return {
    insert: query((args: NewElicitationRow) => builder.insertInto('elicitation').values(rowOf(args, COLUMNS))),
    close: query((args: CloseArgs) =>
      update
        .set({
          state: args.state,
          action: args.action,
          fields: args.fields,
          content: args.content,
          answered_by: args.answeredBy,
          closed_at: args.closedAt,
        })
        .where('id', '=', args.id)
        .where('session_no', '=', args.no)
        .where(elicitationIsOpen()),
    ),
    forget: query((args: { no: number; id: string }) =>
      update.set({ content: null }).where('id', '=', args.id).where('session_no', '=', args.no),
    ),
    complete: query((args: { no: number; id: string; at: number }) =>
      update
        .set({ completed_at: args.at })
        .where('id', '=', args.id)
        .where('session_no', '=', args.no)
        .where('completed_at', 'is', null),
    ),
  }
}

function reads({ builder }: StoreDialect) {
  const elicitation = builder.selectFrom('elicitation').selectAll()
  const newest = elicitation.orderBy('no', 'desc')
  return {
    find: query((args: { id: string }) => elicitation.where('id', '=', args.id)),
    list: query((args: { limit: number }) => newest.limit(args.limit)),
    listState: query((args: { state: ElicitationState; limit: number }) =>
      newest.where('state', '=', args.state).limit(args.limit),
    ),
    listSession: query((args: { no: number; limit: number }) =>
      newest.where('session_no', '=', args.no).limit(args.limit),
    ),
    listBoth: query((args: { no: number; state: ElicitationState; limit: number }) =>
      newest.where('session_no', '=', args.no).where('state', '=', args.state).limit(args.limit),
    ),
    listOpen: query((args: { no: number }) =>
      elicitation.where('session_no', '=', args.no).where(elicitationIsOpen()).orderBy('no'),
    ),
    listKept: query((args: { no: number }) =>
      elicitation.where('session_no', '=', args.no).where(elicitationIsKept()).orderBy('no'),
    ),
    countOpen: query(() =>
      builder
        .selectFrom('elicitation')
        .select((row) => row.fn.countAll<number>().as('count'))
        .where(elicitationIsOpen()),
    ),
  }
}
