// Rules that belong to the session, as its log and its owner see them: added and revoked through the actor, so that they are events.

import type { RuleId } from '../../base/ids.ts'
import type { PermissionRuleRecord } from '../../store/permission-rule-record.ts'
import type { Draft } from '../draft.ts'
import type { CallerInput } from '../input.ts'

export type RuleChange =
  | { readonly kind: 'add'; readonly rule: PermissionRuleRecord }
  | { readonly kind: 'revoke'; readonly ruleId: RuleId; readonly by: string }

export function changeRule(draft: Draft, { reply, change }: Extract<CallerInput, { kind: 'permission_rule' }>): void {
  if (change.kind === 'add') addRule(draft, change.rule)
  else {
    draft.write({ kind: 'rule.revoke', ruleId: change.ruleId, at: draft.now, by: change.by })
    draft.event('permission.rule_revoked', undefined, { rule_id: change.ruleId, by: change.by })
    draft.effect({ kind: 'rule.forget', ruleId: change.ruleId })
  }
  draft.reply(reply, { kind: 'permission_rule' })
}

/** In force when it is stored. */
export function addRule(draft: Draft, rule: PermissionRuleRecord): void {
  const { id, effect, scope, agent, toolKind, path, command, expiresAt, createdBy } = rule
  draft.write({ kind: 'rule.insert', rule })
  draft.event('permission.rule_added', draft.state.active?.turnId, {
    rule_id: id,
    effect,
    scope,
    agent: agent ?? null,
    tool_kind: toolKind ?? null,
    path: path ?? null,
    command: command ?? null,
    expires_at: expiresAt ?? null,
    by: createdBy,
  })
  draft.effect({ kind: 'rule.learn', rule })
}
