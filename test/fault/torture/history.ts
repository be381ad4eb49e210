// What the clients of one world were told, as they were told it. Only grows; rules.ts compares it with what is stored.

import type { EventView } from '../../../src/wire/event.ts'
import type { OnInterrupt } from '../../../src/store/records.ts'
import type { TurnView } from '../../../src/wire/turn.ts'
import type { Facts } from './facts.ts'
import { turnsOf } from './world.ts'

export interface TorturedSession {
  readonly id: string
  readonly onInterrupt: OnInterrupt
}

export interface Acceptance {
  readonly session: string
  readonly key: string
  readonly turnId: string
  readonly text: string
}

export interface SeenEnd {
  readonly turnId: string
  readonly outcome: string
}

export class History {
  readonly sessions: TorturedSession[] = []
  /** Every 202, also those that repeat a key. */
  readonly accepted: Acceptance[] = []
  /** Turns that a cancel said have ended. */
  readonly endedByCancel: string[] = []
  /** Permission requests that were answered, and the answer that was taken. */
  readonly answered: { readonly permissionId: string; readonly optionId: string }[] = []
  readonly ends: SeenEnd[] = []
  /** Turns that were interrupted although no keeper had died since the look before the last. */
  readonly interruptedFreely: string[] = []
  /** What was wrong at the moment it was seen. */
  readonly problems: string[] = []
  readonly #seen = new Map<string, Map<number, string>>()
  readonly #interrupted = new Set<string>()
  #keepersDead: readonly [before: number, last: number] = [0, 0]

  /** Remembers an event of a session; a second reader must be shown the same one. */
  see(session: string, event: EventView): void {
    const events = this.#seen.get(session) ?? new Map<number, string>()
    this.#seen.set(session, events)
    const text = JSON.stringify(event)
    const before = events.get(event.seq)
    if (before !== undefined && before !== text)
      this.problem(`${session}: event ${event.seq} was shown as ${before} and as ${text}`)
    events.set(event.seq, text)
  }

  /** JSON text of each event that was seen, by seq. */
  seen(session: string): ReadonlyMap<number, string> {
    return this.#seen.get(session) ?? new Map<number, string>()
  }

  get seenCount(): number {
    return [...this.#seen.values()].reduce((sum, events) => sum + events.size, 0)
  }

  end(turn: TurnView): void {
    if (turn.outcome !== null) this.ends.push({ turnId: turn.id, outcome: JSON.stringify(turn.outcome) })
  }

  /** What a death causes is stored by the life after it, so it shows at the next look or the one after. */
  looked({ facts, keepersDead }: { facts: Facts; keepersDead: number }): void {
    const [before, last] = this.#keepersDead
    this.#keepersDead = [last, keepersDead]
    for (const { id, state } of turnsOf(facts)) {
      if (state !== 'interrupted' || this.#interrupted.has(id)) continue
      this.#interrupted.add(id)
      if (keepersDead === before) this.interruptedFreely.push(id)
    }
  }

  problem(text: string): void {
    this.problems.push(text)
  }
}
