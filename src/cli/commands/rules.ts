// `holdfast rules`: lists, adds and revokes standing answers to permission requests.

import type { PermissionRuleCreate, PermissionRuleView } from '../../wire/permission-rule.ts'
import { RULE_EFFECT } from '../choices.ts'
import type { ToolKind } from '../choices.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import type { Screen } from '../output/screen.ts'
import { table } from '../output/table.ts'
import { age } from '../output/time.ts'
import { UsageError } from '../usage-error.ts'

export interface RuleOptions {
  readonly path?: string
  readonly command?: string
  readonly kind?: ToolKind
  readonly session?: string
  readonly agent?: string
  /** Seconds from now. */
  readonly expires?: number
}

export async function rulesLs(context: CommandContext, options: { all?: boolean; limit: number }): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const { rules } = await gateway.client.listPermissionRules({ all: options.all ?? false, limit: options.limit })
  if (screen.json) for (const rule of rules) screen.record(rule)
  else if (rules.length === 0) screen.note('there are no rules; see: holdfast rules add --help')
  else screen.print(ruleTable(rules, screen))
  return EXIT.done
}

export async function rulesAdd(context: CommandContext, options: RuleOptions, effect: string): Promise<number> {
  using gateway = await openGateway(context)
  show(context.screen, await gateway.client.addPermissionRule(toRule(options, effect)))
  return EXIT.done
}

export async function rulesRm(context: CommandContext, _: object, ids: readonly string[]): Promise<number> {
  using gateway = await openGateway(context)
  for (const id of ids) show(context.screen, await gateway.client.revokePermissionRule(id))
  return EXIT.done
}

function toRule({ path, command, kind, session, agent, expires }: RuleOptions, wanted: string): PermissionRuleCreate {
  const effect = RULE_EFFECT.find((one) => one === wanted)
  if (effect === undefined) throw new UsageError('There is no such effect.', `Choose one of: ${RULE_EFFECT.join(', ')}`)
  const scope = session !== undefined ? 'session' : agent !== undefined ? 'agent' : 'everywhere'
  return {
    effect,
    scope,
    created_by: 'cli',
    ...(session !== undefined && { session }),
    ...(agent !== undefined && { agent }),
    ...(kind !== undefined && { tool_kind: kind }),
    ...(path !== undefined && { path }),
    ...(command !== undefined && { command }),
    ...(expires !== undefined && { expires_at: new Date(Date.now() + expires * 1000).toISOString() }),
  }
}

function show(screen: Screen, rule: PermissionRuleView): void {
  if (screen.json) screen.record(rule)
  else screen.print(ruleTable([rule], screen))
}

function ruleTable(rules: readonly PermissionRuleView[], { style }: Screen): string {
  const now = Date.now()
  const rows = rules.map((rule) => [
    rule.id,
    rule.effect,
    rule.session_id ?? rule.agent ?? rule.scope,
    rule.tool_kind ?? '-',
    rule.path ?? rule.command ?? 'anything',
    String(rule.hits),
    age(rule.last_used_at, now),
    rule.created_by,
    stateOf(rule, now),
  ])
  return table(['RULE', 'EFFECT', 'WHERE', 'KIND', 'ABOUT', 'USED', 'LAST', 'BY', 'STATE'], rows, style)
}

function stateOf(
  { revoked_at: revokedAt, revoked_by: by, expires_at: expiresAt }: PermissionRuleView,
  now: number,
): string {
  if (revokedAt !== null) return `revoked by ${by ?? '-'}`
  if (expiresAt === null) return 'in force'
  return Date.parse(expiresAt) > now ? `until ${expiresAt}` : 'expired'
}
