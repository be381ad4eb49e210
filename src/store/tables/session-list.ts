// The lists of sessions: one statement for each combination of filters, so that each can use the index made for it.

import { sql } from 'kysely'

import type { SessionState } from '../records.ts'
import type { SessionFilter } from '../store.ts'
import type { StoreDialect } from '../dialect.ts'
import { statement } from '../statement.ts'
import type { Statement } from '../statement.ts'
import type { SessionRow } from './session.ts'

type ListArgs = { state: SessionState; agent: string; before: number; limit: number }

/** Names the combination of filters; a key of the table that `compileSessionLists` returns. */
export function listShape({ state, agent, blocked }: SessionFilter): string {
  const names = [
    state && 'state',
    agent !== undefined && 'agent',
    blocked === true && 'blocked',
    blocked === false && 'free',
  ]
  return `session.list:${names.filter(Boolean).join('+')}`
}

export function compileSessionLists(dialect: StoreDialect): Record<string, Statement<ListArgs, SessionRow>> {
  const lists: Record<string, Statement<ListArgs, SessionRow>> = {}
  for (const state of [undefined, 'open'] as const)
    for (const agent of [undefined, 'any'])
      for (const blocked of [undefined, true, false]) {
        const filter = { ...(state && { state }), ...(agent && { agent }), ...(blocked !== undefined && { blocked }) }
        lists[listShape(filter)] = compileList(dialect, filter)
      }
  return lists
}

function compileList({ builder }: StoreDialect, filter: SessionFilter): Statement<ListArgs, SessionRow> {
  return statement(listShape(filter), (args: ListArgs) => {
    let query = builder.selectFrom('session').selectAll().where('no', '<', args.before)
    if (filter.state) query = query.where('state', '=', args.state)
    if (filter.agent) query = query.where('agent', '=', args.agent)
    if (filter.blocked === true) query = query.where(sql<boolean>`blocked_by is not null`)
    if (filter.blocked === false) query = query.where(sql<boolean>`blocked_by is null`)
    return query.orderBy('no', 'desc').limit(args.limit)
  })
}
