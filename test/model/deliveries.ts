// Which prompts reached an agent, and which of them it would not take for want of a login: those may be given to another one.

import type { TurnId } from '../../src/base/ids.ts'
import type { TurnRecord } from '../../src/store/records.ts'
import { must } from './invariant.ts'

export class Deliveries {
  readonly #given = new Map<TurnId, number>()
  readonly #refused = new Map<TurnId, number>()

  /** S5: at most one agent has it, besides those that would not take it. */
  received(turnId: TurnId): void {
    this.#given.set(turnId, this.given(turnId) + 1)
    const count = this.taken(turnId)
    must(count === 1, 'S5', `turn ${turnId} was delivered ${count} times`)
  }

  refused(turnId: TurnId): void {
    this.#refused.set(turnId, (this.#refused.get(turnId) ?? 0) + 1)
  }

  given(turnId: TurnId): number {
    return this.#given.get(turnId) ?? 0
  }

  /** S11: of a turn that is said to be with no agent. */
  checkUnsent(turns: readonly TurnRecord[]): void {
    for (const { id, delivery } of turns) {
      const isGiven = delivery === 'no' && this.taken(id) > 0
      must(!isGiven, 'S11', `turn ${id} says delivery no, but an agent got it`)
    }
  }

  /** By how many agents, that did not refuse it. */
  taken(turnId: TurnId): number {
    return this.given(turnId) - (this.#refused.get(turnId) ?? 0)
  }
}
