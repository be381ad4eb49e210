// Permission rules to wire, and back.

import type { SessionId } from '../base/ids.ts'
import type { PermissionControl, RuleRequest } from '../session/permissions/permission-control.ts'
import type { PermissionRuleCreate, PermissionRuleView } from '../wire/permission-rule.ts'
import { timeOrNull, timeText } from './views.ts'

type RuleRecord = Awaited<ReturnType<PermissionControl['addRule']>>

/** `sessionId`: of a rule of a session. */
export function ruleView(rule: RuleRecord, sessionId: SessionId | undefined): PermissionRuleView {
  return {
    id: rule.id,
    effect: rule.effect,
    scope: rule.scope,
    session_id: sessionId ?? null,
    agent: rule.agent ?? null,
    tool_kind: rule.toolKind ?? null,
    path: rule.path ?? null,
    command: rule.command ?? null,
    created_at: timeText(rule.createdAt),
    created_by: rule.createdBy,
    expires_at: timeOrNull(rule.expiresAt),
    revoked_at: timeOrNull(rule.revokedAt),
    revoked_by: rule.revokedBy ?? null,
    hits: rule.hits,
    last_used_at: timeOrNull(rule.lastUsedAt),
  }
}

export function ruleRequest(body: PermissionRuleCreate, sessionId: SessionId | undefined): RuleRequest {
  const { effect, scope, agent, tool_kind: toolKind, path, command, expires_at: expiresAt } = body
  return {
    effect,
    scope,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(agent === undefined ? {} : { agent }),
    ...(toolKind === undefined ? {} : { toolKind }),
    ...(path === undefined ? {} : { path }),
    ...(command === undefined ? {} : { command }),
    ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }),
  }
}
