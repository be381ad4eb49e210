// The queries of turn rows.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import { sql } from 'kysely'

import type { Delivery, TurnEndState, TurnState } from '../records.ts'
import type { StoreDialect } from '../dialect.ts'
import { query, rowOf } from '../query.ts'
import { turnIsActive, turnIsUnsettled } from '../schema.ts'
import type { TurnTable } from '../schema.ts'

export type TurnQueries = ReturnType<typeof turnQueries>

export type TurnRow = TurnTable & { large_prompt: string | null }
export type OutcomeColumns = Pick<TurnTable, 'stop_reason' | 'forced' | 'error' | 'usage' | 'ended_at'>

type PatchArgs = {
  no: number
  turnId: string
  state: TurnState | null
  place: number | null
  delivery: Delivery | null
  generation: number | null
  dispatchedAt: number | null
  runningAt: number | null
  cancelling: string | null
}
type AmendArgs = {
  no: number
  turnId: string
  setPrompt: number
  prompt: string | null
  setExpiresAt: number
  expiresAt: number | null
  place: number | null
}
type EndArgs = { no: number; turnId: string; state: TurnEndState; delivery: Delivery } & OutcomeColumns

const TURN_COLUMNS = [
  'id',
  'session_no',
  'n',
  'place',
  'state',
  'origin',
  'idempotency_key',
  'body_hash',
  'retry_of',
  'on_interrupt',
  'unattended',
  'delivery',
  'generation',
  'accepted_at',
  'expires_at',
  'deadline_ms',
  'lane',
  'dispatched_at',
  'running_at',
  'cancelling',
  'prompt',
  'meta',
  'stop_reason',
  'forced',
  'error',
  'usage',
  'ended_at',
] as const satisfies readonly (keyof TurnTable)[]

const OUTCOME_COLUMNS = [
  'stop_reason',
  'forced',
  'error',
  'usage',
  'ended_at',
] as const satisfies readonly (keyof TurnTable)[]

export function turnQueries(dialect: StoreDialect) {
  return { ...writes(dialect), ...reads(dialect) }
}

function writes({ builder }: StoreDialect) {
  return {
    insert: query((args: TurnTable) => builder.insertInto('turn').values(rowOf(args, TURN_COLUMNS))),
    insertPrompt: query((args: { id: string; prompt: string }) =>
      builder.insertInto('turn_prompt').values({ turn_id: args.id, prompt: args.prompt }),
    ),
    patch: query((args: PatchArgs) =>
      builder
        .updateTable('turn')
        .set({
          ...patched(args),
          // Who is back in the queue has nothing left of the dispatch that did not happen.
          generation: sql<number>`case ${args.state} when 'queued' then null else coalesce(${args.generation}, generation) end`,
          dispatched_at: sql<number>`case ${args.state} when 'queued' then null else coalesce(${args.dispatchedAt}, dispatched_at) end`,
          cancelling: sql<string>`case ${args.state} when 'queued' then null else coalesce(${args.cancelling}, cancelling) end`,
          place: sql<number>`case coalesce(${args.state}, state) when 'queued' then coalesce(${args.place}, place) else 0 end`,
        })
        .where('id', '=', args.turnId)
        .where('session_no', '=', args.no)
        .where(turnIsUnsettled()),
    ),
    patchActive: query((args: PatchArgs) =>
      builder
        .updateTable('turn')
        .set(patched(args))
        .where('id', '=', args.turnId)
        .where('session_no', '=', args.no)
        .where(turnIsActive()),
    ),
    amend: query((args: AmendArgs) =>
      builder
        .updateTable('turn')
        .set({
          prompt: sql<string>`case when ${args.setPrompt} = 1 then ${args.prompt} else prompt end`,
          expires_at: sql<number>`case when ${args.setExpiresAt} = 1 then ${args.expiresAt} else expires_at end`,
          place: sql<number>`coalesce(${args.place}, place)`,
        })
        .where('id', '=', args.turnId)
        .where('session_no', '=', args.no)
        .where('state', '=', 'queued'),
    ),
    deletePrompt: query((args: { id: string }) => builder.deleteFrom('turn_prompt').where('turn_id', '=', args.id)),
    end: query((args: EndArgs) =>
      builder
        .updateTable('turn')
        .set({
          ...rowOf<OutcomeColumns>(args, OUTCOME_COLUMNS),
          state: args.state,
          delivery: args.delivery,
          place: null,
        })
        .where('id', '=', args.turnId)
        .where('session_no', '=', args.no)
        .where(turnIsUnsettled()),
    ),
  }
}

function patched(args: PatchArgs) {
  return {
    state: sql<TurnState>`coalesce(${args.state}, state)`,
    delivery: sql<Delivery>`coalesce(${args.delivery}, delivery)`,
    generation: sql<number>`coalesce(${args.generation}, generation)`,
    dispatched_at: sql<number>`coalesce(${args.dispatchedAt}, dispatched_at)`,
    running_at: sql<number>`coalesce(${args.runningAt}, running_at)`,
    cancelling: sql<string>`coalesce(${args.cancelling}, cancelling)`,
  }
}

function reads({ builder }: StoreDialect) {
  const turn = builder
    .selectFrom('turn')
    .leftJoin('turn_prompt as p', 'p.turn_id', 'turn.id')
    .selectAll('turn')
    .select('p.prompt as large_prompt')
  const count = builder.selectFrom('turn').select((row) => row.fn.countAll<number>().as('count'))
  return {
    find: query((args: { turnId: string }) => turn.where('turn.id', '=', args.turnId)),
    findByKey: query((args: { no: number; key: string }) =>
      turn.where('turn.session_no', '=', args.no).where('turn.idempotency_key', '=', args.key),
    ),
    list: query((args: { no: number; before: number; limit: number }) =>
      turn
        .where('turn.session_no', '=', args.no)
        .where('turn.n', '<', args.before)
        .orderBy('turn.n', 'desc')
        .limit(args.limit),
    ),
    listUnsettled: query((args: { no: number }) =>
      turn.where('turn.session_no', '=', args.no).where(turnIsUnsettled()),
    ),
    countUnsettled: query(() => count.where(turnIsUnsettled())),
    countActive: query(() => count.where(turnIsActive())),
  }
}
