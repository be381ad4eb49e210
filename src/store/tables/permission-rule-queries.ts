// The queries of permission rules.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import type { StoreDialect } from '../dialect.ts'
import { query, rowOf } from '../query.ts'
import { ruleIsInForce } from '../schema.ts'
import type { PermissionRuleTable } from '../schema.ts'

export type PermissionRuleQueries = ReturnType<typeof permissionRuleQueries>

export type PermissionRuleRow = Omit<PermissionRuleTable, 'no'>

const COLUMNS = [
  'id',
  'effect',
  'scope',
  'session_no',
  'agent',
  'tool_kind',
  'path',
  'command',
  'created_at',
  'created_by',
  'expires_at',
  'revoked_at',
  'revoked_by',
  'hits',
  'last_used_at',
] as const satisfies readonly (keyof PermissionRuleRow)[]

export function permissionRuleQueries({ builder }: StoreDialect) {
  const newest = builder.selectFrom('permission_rule').selectAll().orderBy('no', 'desc')
  return {
    insert: query((args: PermissionRuleRow) =>
      builder.insertInto('permission_rule').values(rowOf<PermissionRuleRow>(args, COLUMNS)),
    ),
    revoke: query((args: { id: string; at: number; by: string }) =>
      builder
        .updateTable('permission_rule')
        .set({ revoked_at: args.at, revoked_by: args.by })
        .where('id', '=', args.id)
        .where(ruleIsInForce()),
    ),
    hit: query((args: { id: string; at: number }) =>
      builder
        .updateTable('permission_rule')
        .set((row) => ({ hits: row('hits', '+', 1), last_used_at: args.at }))
        .where('id', '=', args.id),
    ),
    find: query((args: { id: string }) => builder.selectFrom('permission_rule').selectAll().where('id', '=', args.id)),
    listInForce: query((args: { now: number; limit: number }) =>
      newest
        .where(ruleIsInForce())
        .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', args.now)]))
        .limit(args.limit),
    ),
    list: query((args: { limit: number }) => newest.limit(args.limit)),
  }
}
