// Whether one rule is about one request. An allow rule matches only what it says literally; a rule that refuses or asks matches
// whatever might be meant. Pure.

import type { PermissionRuleRecord } from '../../../store/permission-rule-record.ts'
import { commandPatternProblem, matchesCommand, mentionsCommand } from './command-pattern.ts'
import { matchesInside, matchesPlace, pathPatternProblem } from './path-pattern.ts'
import type { RequestView } from './request-view.ts'

export type RuleMatchers = Pick<PermissionRuleRecord, 'effect' | 'toolKind' | 'path' | 'command'>

/** ACP's kinds that an allow rule for paths may name; without one it is for the first three. */
const PATH_KINDS: ReadonlySet<string> = new Set(['read', 'search', 'edit', 'delete', 'move'])
const KINDS_UNNAMED: ReadonlySet<string> = new Set(['read', 'search', 'edit'])
const READ_KINDS: ReadonlySet<string> = new Set(['read', 'search'])

/** Why there cannot be such a rule; undefined when there can. */
export function ruleProblem({ effect, toolKind, path, command }: RuleMatchers): string | undefined {
  const isAllow = effect === 'allow'
  if (path !== undefined) {
    const problem = pathPatternProblem(path, isAllow)
    if (problem !== undefined) return `path: ${problem}`
  }
  if (command !== undefined) {
    const problem = commandPatternProblem(command)
    if (problem !== undefined) return `command: ${problem}`
  }
  if (!isAllow) return undefined
  if ((path === undefined) === (command === undefined))
    return 'an allow rule names a path or a command, and not both: the kind of a call is only what the agent says of it'
  if (toolKind === undefined) return undefined
  const isFitting = command === undefined ? PATH_KINDS.has(toolKind) : toolKind === 'execute'
  return isFitting
    ? undefined
    : `kind: an allow rule for a ${command === undefined ? 'path' : 'command'} cannot be of ${toolKind}`
}

export function matchesRule(rule: RuleMatchers, view: RequestView, cwd: string): boolean {
  return rule.effect === 'allow' ? allows(rule, view) : concerns(rule, view, cwd)
}

function allows({ toolKind, path, command }: RuleMatchers, { claimedKind, shape }: RequestView): boolean {
  switch (shape.kind) {
    case 'odd':
      return false
    case 'command':
      return (
        command !== undefined && path === undefined && claimedKind === 'execute' && matchesCommand(command, shape.words)
      )
    case 'read':
    case 'change': {
      if (path === undefined || command !== undefined || shape.paths.length === 0) return false
      const isKind =
        toolKind === undefined ? KINDS_UNNAMED.has(claimedKind) : PATH_KINDS.has(toolKind) && claimedKind === toolKind
      // Who says that it reads, and shows something to be written, does not read.
      if (!isKind || (READ_KINDS.has(claimedKind) && shape.kind !== 'read')) return false
      return shape.paths.every((segments) => matchesInside(path, segments))
    }
    default:
      return shape satisfies never
  }
}

/** Each thing that the rule names is there, anywhere. */
function concerns({ toolKind, path, command }: RuleMatchers, view: RequestView, cwd: string): boolean {
  if (toolKind !== undefined && view.claimedKind !== toolKind) return false
  if (path !== undefined && !view.places.some((place) => matchesPlace(path, place, cwd))) return false
  return command === undefined || mentionsCommand(command, view.words)
}
