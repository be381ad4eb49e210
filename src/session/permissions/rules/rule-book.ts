// The rules that are in force, in memory: loaded once, before the first session is opened, and kept by whoever stores a change.

import type { Clock } from '../../../base/clock.ts'
import { HoldfastError } from '../../../base/errors.ts'
import type { RuleId } from '../../../base/ids.ts'
import { isJsonObject } from '../../../base/json.ts'
import type { PermissionRuleRecord } from '../../../store/permission-rule-record.ts'
import type { SessionRecord } from '../../../store/records.ts'
import type { Store } from '../../../store/store.ts'
import { rulingOn } from './decide.ts'
import type { Ruling } from './decide.ts'

/** Each request is compared with each rule of its session. */
export const RULES_MAX = 1_000

export class RuleBook {
  readonly #store: Pick<Store, 'listPermissionRules'>
  readonly #clock: Clock
  readonly #rules = new Map<RuleId, PermissionRuleRecord>()
  #loading: Promise<void> | undefined

  constructor(store: Pick<Store, 'listPermissionRules'>, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Resolves when the rules are known; nothing is to be decided before. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  /** What the rules say to a request of `session`; `toolCall` as JSON text. */
  rulingOn({ no, agent, cwd }: Pick<SessionRecord, 'no' | 'agent' | 'cwd'>, toolCall: string): Ruling | undefined {
    if (this.#rules.size === 0) return undefined
    const now = this.#clock.now()
    const own = [...this.#rules.values()].filter(
      (rule) => isInForce(rule, now) && (rule.sessionNo ?? no) === no && (rule.agent ?? agent) === agent,
    )
    if (own.length === 0) return undefined
    const call: unknown = JSON.parse(toolCall)
    return rulingOn(own, isJsonObject(call) ? call : {}, cwd)
  }

  /** PERMISSION_RULE_LIMIT. Expired rules do not count. */
  checkRoom(): void {
    const now = this.#clock.now()
    for (const rule of this.#rules.values()) if (!isInForce(rule, now)) this.#rules.delete(rule.id)
    if (this.#rules.size >= RULES_MAX) throw new HoldfastError('PERMISSION_RULE_LIMIT', { limit: RULES_MAX })
  }

  learn(rule: PermissionRuleRecord): void {
    this.#rules.set(rule.id, rule)
  }

  forget(id: RuleId): void {
    this.#rules.delete(id)
  }

  async #load(): Promise<void> {
    // Two that are made at once may both have found room for one.
    const stored = await this.#store.listPermissionRules({ inForceAt: this.#clock.now() }, RULES_MAX * 2)
    for (const rule of stored.toReversed()) this.learn(rule)
  }
}

function isInForce({ expiresAt }: PermissionRuleRecord, now: number): boolean {
  return expiresAt === undefined || expiresAt > now
}
