// What happens to a permission request without a person: first the rules (deny, then ask, then allow), then the mode of the session.
// Pure functions of what is given; whoever calls them has loaded the rules and knows the time.

import type { JsonObject } from '../../../base/json.ts'
import type { RuleId } from '../../../base/ids.ts'
import type { PermissionMode, PermissionRuleRecord, RuleEffect } from '../../../store/permission-rule-record.ts'
import type { RequestView } from './request-view.ts'
import { viewOf } from './request-view.ts'
import { matchesRule } from './rule-match.ts'

/** What the rules say to one request. `ruleId` is undefined when the request could not be looked at as a whole. */
export interface Ruling {
  readonly effect: RuleEffect
  readonly ruleId: RuleId | undefined
}

const EFFECTS: readonly RuleEffect[] = ['deny', 'ask', 'allow']
const SCOPE_RANK = { session: 2, agent: 1, everywhere: 0 } as const

/** `rules`: those that are in force for the session and its agent now. Undefined: none is about it, the mode decides. */
export function rulingOn(
  rules: readonly PermissionRuleRecord[],
  toolCall: JsonObject,
  cwd: string,
): Ruling | undefined {
  if (rules.length === 0) return undefined
  const view = viewOf(toolCall, cwd)
  for (const effect of EFFECTS) {
    const [best] = rules
      .filter((rule) => rule.effect === effect && matchesRule(rule, view, cwd))
      .toSorted((a, b) => rank(b) - rank(a))
    if (best !== undefined) return { effect, ruleId: best.id }
    if (effect === 'ask' && !view.isWhole && rules.some((rule) => rule.effect !== 'allow'))
      return { effect, ruleId: undefined }
  }
  return undefined
}

/** The narrower scope first, then the one that names more; equal ones in the order in which they were made. */
function rank({ scope, toolKind, path, command }: PermissionRuleRecord): number {
  const literals = (path ?? '').replaceAll('*', '').length + (command ?? '').replaceAll('*', '').length
  const named = [toolKind, path, command].filter((part) => part !== undefined).length
  return SCOPE_RANK[scope] * 1e9 + named * 1e6 + literals
}

/** What the mode says when no rule is about the request. */
export function modeEffect(mode: PermissionMode, toolCall: () => JsonObject, cwd: string): RuleEffect {
  switch (mode) {
    case 'ask':
      return 'ask'
    case 'approve-all':
      return 'allow'
    case 'deny-all':
      return 'deny'
    case 'approve-reads':
      return isPlainRead(viewOf(toolCall(), cwd)) ? 'allow' : 'ask'
    default:
      return mode satisfies never
  }
}

/** The kind is the agent's own claim: it can veto, and what the input shows has to agree. */
function isPlainRead({ claimedKind, shape }: RequestView): boolean {
  return (claimedKind === 'read' || claimedKind === 'search') && shape.kind === 'read'
}
