// The queries of task rows.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import { sql } from 'kysely'

import type { TaskDelivery, TaskEndStatus, TaskOutcome, TaskStatus } from '../records.ts'
import type { StoreDialect } from '../dialect.ts'
import { query, rowOf } from '../query.ts'
import { taskHasEnded, taskIsDue, taskIsOpen } from '../schema.ts'
import type { TaskTable } from '../schema.ts'

export type TaskQueries = ReturnType<typeof taskQueries>

export type NewTaskRow = Omit<TaskTable, 'no'>
export type TaskRow = NewTaskRow & { no: number; session_id: string }

const COLUMNS = [
  'id',
  'parent',
  'session_no',
  'turn_id',
  'label',
  'status',
  'outcome',
  'reason',
  'progress',
  'summary',
  'error',
  'notify',
  'due',
  'delivery',
  'accepted_at',
  'started_at',
  'ended_at',
  'announced_at',
  'told_at',
] as const satisfies readonly (keyof NewTaskRow)[]

type PatchArgs = {
  turnId: string
  status: TaskStatus | null
  startedAt: number | null
  progress: string | null
  due: number | null
}
type EndArgs = {
  turnId: string
  status: TaskEndStatus
  outcome: TaskOutcome | null
  reason: string | null
  summary: string | null
  error: string | null
  endedAt: number
  progress: string | null
}

export function taskQueries(dialect: StoreDialect) {
  return { ...changes(dialect), ...tellings(dialect), ...reads(dialect) }
}

function changes({ builder }: StoreDialect) {
  return {
    insert: query((args: NewTaskRow) => builder.insertInto('task').values(rowOf(args, COLUMNS))),
    patch: query((args: PatchArgs) =>
      builder
        .updateTable('task')
        .set({
          status: sql<TaskStatus>`coalesce(${args.status}, status)`,
          started_at: sql<number>`coalesce(${args.startedAt}, started_at)`,
          progress: sql<string>`coalesce(${args.progress}, progress)`,
          due: sql<number>`coalesce(${args.due}, due)`,
        })
        .where('turn_id', '=', args.turnId)
        .where(taskIsOpen()),
    ),
    end: query((args: EndArgs) =>
      builder
        .updateTable('task')
        .set({
          status: args.status,
          outcome: args.outcome,
          reason: args.reason,
          summary: args.summary,
          error: args.error,
          progress: sql<string>`coalesce(${args.progress}, progress)`,
          ended_at: args.endedAt,
          due: sql<number>`case when delivery = 'pending' then 1 else 0 end`,
        })
        .where('turn_id', '=', args.turnId)
        .where(sql<boolean>`(ended_at is null or (status = 'lost' and ${args.status} <> 'lost'))`),
    ),
    deleteEnded: query((args: { before: number; limit: number }) =>
      builder
        .deleteFrom('task')
        .where('no', 'in', (some) =>
          some
            .selectFrom('task')
            .select('no')
            .where('ended_at', '<', args.before)
            .where(taskHasEnded())
            .where('due', '=', 0)
            .limit(args.limit),
        ),
    ),
  }
}

function tellings({ builder }: StoreDialect) {
  return {
    toldStart: query((args: { id: string; at: number }) =>
      builder
        .updateTable('task')
        .set({ announced_at: args.at, due: sql<number>`case when ended_at is null then 0 else due end` })
        .where('id', '=', args.id)
        .where('announced_at', 'is', null),
    ),
    /** A row that was told is found too: then the schema refuses. */
    toldEnd: query((args: { id: string; at: number; delivery: TaskDelivery }) =>
      builder
        .updateTable('task')
        .set({ told_at: args.at, due: 0, delivery: args.delivery })
        .where('id', '=', args.id)
        .where(taskHasEnded()),
    ),
    forgo: query((args: { id: string; at: number }) =>
      builder
        .updateTable('task')
        .set({ told_at: args.at, due: 0, delivery: 'parent_closed' })
        .where('id', '=', args.id)
        .where('told_at', 'is', null)
        .where(taskHasEnded()),
    ),
  }
}

function reads({ builder }: StoreDialect) {
  const task = builder
    .selectFrom('task')
    .innerJoin('session as s', 's.no', 'task.session_no')
    .selectAll('task')
    .select('s.id as session_id')
  return {
    find: query((args: { id: string }) => task.where('task.id', '=', args.id)),
    listOpen: query((args: { no: number }) => task.where('task.session_no', '=', args.no).where(taskIsOpen())),
    list: query((args: { before: number; limit: number }) =>
      task.where('task.no', '<', args.before).orderBy('task.no', 'desc').limit(args.limit),
    ),
    listParent: query((args: { parent: string; before: number; limit: number }) =>
      task
        .where('task.parent', '=', args.parent)
        .where('task.no', '<', args.before)
        .orderBy('task.no', 'desc')
        .limit(args.limit),
    ),
    listDue: query((args: { after: number; limit: number }) =>
      task.where(taskIsDue()).where('task.no', '>', args.after).orderBy('task.no').limit(args.limit),
    ),
    /** Also without a turn: what is not there has no place. */
    listStray: query((args: { limit: number }) =>
      task
        .leftJoin('turn', 'turn.id', 'task.turn_id')
        .where(taskIsOpen())
        .where('turn.place', 'is', null)
        .limit(args.limit),
    ),
  }
}
