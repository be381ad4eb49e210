// Permission rules: standing answers. A rule is made once, counted, and revoked at most once; it is never changed nor deleted.

import type { RuleId } from '../../base/ids.ts'
import type { PermissionRuleRecord } from '../permission-rule-record.ts'
import { statementsOf } from '../statement.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'
import type { PermissionRuleQueries, PermissionRuleRow } from './permission-rule-queries.ts'

export interface RuleFilter {
  /** Epoch ms: those that are in force then, if they are not revoked before. Absent: all there ever were. */
  readonly inForceAt?: number
}

export interface Revocation {
  readonly at: number
  readonly by: string
}

export class PermissionRuleRows {
  readonly #statements: StatementsOf<PermissionRuleQueries>

  constructor(texts: TextsOf<PermissionRuleQueries>) {
    this.#statements = statementsOf('permissionRule', texts)
  }

  async insert(tx: Executor, rule: PermissionRuleRecord): Promise<void> {
    await tx.run(this.#statements.insert, toRow(rule))
  }

  /** False when there is no such rule in force. */
  async revoke(tx: Executor, id: RuleId, { at, by }: Revocation): Promise<boolean> {
    return (await tx.run(this.#statements.revoke, { id, at, by })) === 1
  }

  async hit(tx: Executor, id: RuleId, at: number): Promise<void> {
    await tx.run(this.#statements.hit, { id, at })
  }

  async find(db: Executor, id: RuleId): Promise<PermissionRuleRecord | undefined> {
    const [row] = await db.all(this.#statements.find, { id })
    return row && toRule(row)
  }

  /** Newest first. */
  async list(db: Executor, { inForceAt: now }: RuleFilter, limit: number): Promise<PermissionRuleRecord[]> {
    const { list, listInForce } = this.#statements
    const rows = now === undefined ? await db.all(list, { limit }) : await db.all(listInForce, { now, limit })
    return rows.map(toRule)
  }

  statements(): StatementsOf<PermissionRuleQueries> {
    return this.#statements
  }
}

function toRule(row: PermissionRuleRow): PermissionRuleRecord {
  return {
    id: row.id as RuleId,
    effect: row.effect,
    scope: row.scope,
    sessionNo: row.session_no ?? undefined,
    agent: row.agent ?? undefined,
    toolKind: row.tool_kind ?? undefined,
    path: row.path ?? undefined,
    command: row.command ?? undefined,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    revokedBy: row.revoked_by ?? undefined,
    hits: row.hits,
    lastUsedAt: row.last_used_at ?? undefined,
  }
}

function toRow(rule: PermissionRuleRecord): PermissionRuleRow {
  return {
    id: rule.id,
    effect: rule.effect,
    scope: rule.scope,
    session_no: rule.sessionNo ?? null,
    agent: rule.agent ?? null,
    tool_kind: rule.toolKind ?? null,
    path: rule.path ?? null,
    command: rule.command ?? null,
    created_at: rule.createdAt,
    created_by: rule.createdBy,
    expires_at: rule.expiresAt ?? null,
    revoked_at: rule.revokedAt ?? null,
    revoked_by: rule.revokedBy ?? null,
    hits: rule.hits,
    last_used_at: rule.lastUsedAt ?? null,
  }
}
