// How long a keeper without a gateway waits for the next one. Owns that timer.

import type { Clock, Timer } from '../base/clock.ts'

export interface AdoptionGraceDeps {
  readonly clock: Clock
  /** For a keeper that holds something. */
  readonly graceMs: number
  isEmpty(): boolean
  /** Nobody came. Called at most once for each `start`. */
  onOver(): void
}

/** With nothing to keep there is no reason to wait long: an empty keeper is started again in a moment. */
const EMPTY_GRACE_MS = 10_000

/** Modes: stopped (a gateway is there, or the keeper ends); running. */
export class AdoptionGrace {
  readonly #deps: AdoptionGraceDeps
  #timer: Timer | undefined
  #startedAt = 0

  constructor(deps: AdoptionGraceDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#startedAt = this.#deps.clock.now()
    this.#arm()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #arm(): void {
    const { clock, onOver } = this.#deps
    this.#timer?.cancel()
    this.#timer = clock.at(this.#startedAt + this.#graceMs(), () => {
      // A spawn that was under way when the gateway went is one to keep.
      if (clock.now() < this.#startedAt + this.#graceMs()) this.#arm()
      else onOver()
    })
  }

  #graceMs(): number {
    const { graceMs, isEmpty } = this.#deps
    return isEmpty() ? Math.min(EMPTY_GRACE_MS, graceMs) : graceMs
  }
}
