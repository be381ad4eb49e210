// The part of a schedule that decides about permissions: rules, modes and clients come and go at random; and what must hold for
// every decision that is stored (S24, S25, S26).

import type { RuleId } from '../../src/base/ids.ts'
import type { CallerInput, Input } from '../../src/session/input.ts'
import type { Effect } from '../../src/session/effect.ts'
import type { PermissionMode, Unattended } from '../../src/store/permission-rule-record.ts'
import type { PermissionRecord, SessionRecord } from '../../src/store/records.ts'
import type { SessionWrite } from '../../src/store/store.ts'
import type { ModelStore } from './model-store.ts'
import { must } from './invariant.ts'
import type { Random } from './random.ts'

type Asked = Extract<Input, { kind: 'agent.permission' }>
type Judged = Pick<Asked, 'ruling' | 'isAttended'>
type Change = Extract<CallerInput, { kind: 'permission_mode' | 'unattended' }>
type Closing = Extract<SessionWrite, { kind: 'permission.close' }>

const MODES: readonly [PermissionMode, ...PermissionMode[]] = ['ask', 'ask', 'approve-reads', 'approve-all', 'deny-all']

export class WorldPermissions {
  readonly #random: Random
  readonly #store: ModelStore
  /** What each request came in with, the last time it was heard. */
  readonly #judged = new Map<string, Judged>()
  /** Modes that were asked for, by who waits for the answer. */
  readonly #asked = new Map<number, PermissionMode>()
  /** Requests that were open when it was said that nobody is there. */
  readonly #abandoned = new Set<string>()

  constructor(random: Random, store: ModelStore) {
    this.#random = random
    this.#store = store
  }

  unattended(): Unattended | undefined {
    return this.#random.pick<Unattended | undefined>([undefined, undefined, 'ask', 'deny', 'fail'])
  }

  /** Facts of the moment: another life judges anew what it hears again. */
  judge<Heard extends Input>(input: Heard): Heard {
    if (input.kind !== 'agent.permission') return input
    const { chance, pick, int } = this.#random
    const effect = pick(['allow', 'ask', 'deny'] as const)
    const ruling = chance(0.3) ? { effect, ruleId: `rule_${effect}_${int(3)}` as RuleId } : undefined
    const judged: Judged = { ruling, isAttended: chance(0.8) }
    this.#judged.set(input.permissionId, judged)
    return { ...input, ...judged }
  }

  change(reply: CallerInput extends infer One ? (One extends { reply: infer To } ? To : never) : never): Change {
    if (this.#random.chance(0.4)) {
      for (const { id, state } of this.#store.permissions.values()) if (state === 'open') this.#abandoned.add(id)
      return { kind: 'unattended' }
    }
    const mode = this.#random.pick(MODES)
    this.#asked.set(reply, mode)
    return { kind: 'permission_mode', reply, mode, by: 'sim' }
  }

  /** S25: what was acknowledged is stored. */
  hear(effect: Effect): void {
    if (effect.kind !== 'reply' || effect.value.kind !== 'permission_mode') return
    const mode = this.#asked.get(effect.to)
    const stored = this.#store.session.permissionMode
    must(stored === mode, 'S25', `mode ${mode} was acknowledged, but ${stored} is stored`)
  }

  /** After a commit of `writes`; `before` is the session as it was. */
  check(before: SessionRecord, writes: readonly SessionWrite[]): void {
    let mode = before.permissionMode
    const uses: string[] = []
    const counted = writes.flatMap((write) => (write.kind === 'rule.hit' ? [write.ruleId as string] : []))
    for (const write of writes) {
      if (write.kind === 'session.patch') mode = write.patch.permissionMode ?? mode
      if (write.kind === 'permission.insert') uses.push(...this.#asks(write.permission, writes))
      if (write.kind !== 'permission.close') continue
      const rule = this.#checkClosed(write, mode)
      if (rule !== undefined) uses.push(rule)
    }
    must(uses.toSorted().join() === counted.toSorted().join(), 'S25', `used ${uses.join()}, counted ${counted.join()}`)
  }

  /** A turn that was given up for want of a person is not said to be done. */
  checkRest(): void {
    for (const { answeredBy, turnId } of this.#store.permissions.values()) {
      const state = turnId === undefined ? undefined : this.#store.outcomes.get(turnId)?.state
      const isGivenUp = answeredBy === 'unattended:fail'
      must(!isGivenUp || state !== 'completed', 'S26', `turn ${turnId} is completed, but found nobody`)
    }
  }

  /** The rule that says to ask has decided that, too. */
  #asks({ id }: PermissionRecord, writes: readonly SessionWrite[]): string[] {
    const ruling = this.#judged.get(id)?.ruling
    if (ruling?.effect !== 'ask' || ruling.ruleId === undefined) return []
    const closed = writes.find((write) => write.kind === 'permission.close' && write.permissionId === id)
    const by = closed?.kind === 'permission.close' ? closed.answeredBy : undefined
    must(by === undefined || !/^(rule|mode):/.test(by), 'S24', `a rule says to ask about ${id}, but ${by} decided`)
    return [ruling.ruleId]
  }

  /** The rule that has decided, if one has. */
  #checkClosed({ permissionId, answeredBy, optionId }: Closing, mode: PermissionMode): string | undefined {
    const [kind, who] = answeredBy?.split(':') ?? []
    const judged = this.#judged.get(permissionId)
    if (kind === 'sim' || kind === undefined) return undefined
    const isYes = this.#isYes(permissionId, optionId)
    if (kind === 'unattended' || kind === 'timeout') {
      must(!isYes, 'S9', `${permissionId} is approved by ${answeredBy}`)
      const isNobody = judged?.isAttended === false || this.#abandoned.has(permissionId)
      must(kind === 'timeout' || isNobody, 'S26', `${permissionId} is decided by ${answeredBy}, but somebody is there`)
      return undefined
    }
    const isOurs = kind === 'rule' ? judged?.ruling?.ruleId === who : who === mode && judged?.ruling === undefined
    must(isOurs, 'S24', `${permissionId} is decided by ${answeredBy}; the mode is ${mode}, the ruling another`)
    const allows = kind === 'rule' ? judged?.ruling?.effect === 'allow' : mode.startsWith('approve')
    must(isYes === allows, 'S24', `${permissionId} is ${isYes ? 'approved' : 'denied'} by ${answeredBy}`)
    return kind === 'rule' ? who : undefined
  }

  /** An option that is chosen for nobody is for once, and cannot mean anything else. */
  #isYes(permissionId: string, optionId: string | undefined): boolean {
    const stored = this.#store.permissions.get(permissionId)
    const options = JSON.parse(stored?.options ?? '[]') as { optionId: string; kind: string }[]
    const chosen = options.filter((option) => option.optionId === optionId)
    const isYes = chosen.some(({ kind }) => kind.startsWith('allow'))
    const isOnce = chosen.length === 1 && chosen[0]?.kind === 'allow_once'
    must(!isYes || isOnce, 'S24', `${permissionId} is approved by an option that may mean more`)
    return isYes
  }
}
