// The rule that a person means who answers "always": exactly this command, or this path, and nothing beside it.

import type { JsonObject } from '../../../base/json.ts'
import type { RuleEffect } from '../../../store/permission-rule-record.ts'
import type { RequestView } from './request-view.ts'
import { viewOf } from './request-view.ts'
import type { RuleMatchers } from './rule-match.ts'
import { matchesRule, ruleProblem } from './rule-match.ts'

/** Undefined when the request cannot be said as one rule: it is odd, names several paths, or no path at all. */
export function ruleFor(
  effect: Exclude<RuleEffect, 'ask'>,
  toolCall: JsonObject,
  cwd: string,
): RuleMatchers | undefined {
  const view = viewOf(toolCall, cwd)
  const matchers = matchersOf(effect, view)
  // The proof of it: the rule is valid, and it is about this request.
  const isGood = matchers !== undefined && ruleProblem(matchers) === undefined && matchesRule(matchers, view, cwd)
  return isGood ? matchers : undefined
}

function matchersOf(effect: RuleMatchers['effect'], { claimedKind, shape }: RequestView): RuleMatchers | undefined {
  const none = { effect, toolKind: undefined, path: undefined, command: undefined }
  if (shape.kind === 'odd') return undefined
  if (shape.kind === 'command') {
    const isOpen = shape.words.at(-1) === '*'
    return isOpen ? undefined : { ...none, command: shape.words.join(' ') }
  }
  const paths = new Set(shape.paths.map((segments) => segments.join('/')))
  const [path] = paths
  if (path === undefined || path === '' || paths.size > 1 || /[*?]/.test(path)) return undefined
  // A refusal holds whatever the agent calls it the next time.
  return { ...none, toolKind: effect === 'deny' || claimedKind === '' ? undefined : claimedKind, path }
}
