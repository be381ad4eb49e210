// Who waits, by lane: first come first served within a lane, and between lanes by weight, so that none is starved.

import type { Lane } from '../../store/records.ts'

/** Of seven that are let in while all lanes wait, so many are of each. */
const WEIGHTS: Readonly<Record<Lane, number>> = { interactive: 4, scheduled: 2, background: 1 }

/** Smooth weighted round robin: each lane that waits gains its weight, the richest is served and pays for all. */
export class LaneOrder<T> {
  readonly #waiting: Readonly<Record<Lane, Set<T>>> = {
    interactive: new Set(),
    scheduled: new Set(),
    background: new Set(),
  }
  readonly #credit: Record<Lane, number> = { interactive: 0, scheduled: 0, background: 0 }

  get size(): number {
    const { interactive, scheduled, background } = this.#waiting
    return interactive.size + scheduled.size + background.size
  }

  add(lane: Lane, item: T): void {
    this.#waiting[lane].add(item)
  }

  delete(lane: Lane, item: T): void {
    this.#waiting[lane].delete(item)
    if (this.#waiting[lane].size === 0) this.#credit[lane] = 0
  }

  /** Takes out whoever is next; undefined when nobody waits. */
  take(): T | undefined {
    const lanes = (Object.keys(WEIGHTS) as Lane[]).filter((lane) => this.#waiting[lane].size > 0)
    let richest: Lane | undefined
    for (const lane of lanes) {
      this.#credit[lane] += WEIGHTS[lane]
      if (richest === undefined || this.#credit[lane] > this.#credit[richest]) richest = lane
    }
    if (richest === undefined) return undefined
    for (const lane of lanes) this.#credit[richest] -= WEIGHTS[lane]
    const [first] = this.#waiting[richest]
    if (first !== undefined) this.delete(richest, first)
    return first
  }
}
