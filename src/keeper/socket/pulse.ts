// Whether the other end of a connection still answers. Owns one timer.

import type { Clock, Timer } from '../../base/clock.ts'

export interface PulseDeps {
  readonly clock: Clock
  ping(): void
  /** Six pings in a row had no answer. */
  onSilent(): void
}

const PING_EVERY_MS = 10_000
/** Not a time: a process or machine that was asleep itself must ask again before it judges. */
const PINGS_MAX = 6

/** Modes: stopped; beating. */
export class Pulse {
  readonly #deps: PulseDeps
  #timer: Timer | undefined
  #unanswered = 0

  constructor(deps: PulseDeps) {
    this.#deps = deps
  }

  start(): void {
    const { clock, ping, onSilent } = this.#deps
    this.#timer = clock.at(clock.now() + PING_EVERY_MS, () => {
      if (this.#unanswered++ >= PINGS_MAX) return onSilent()
      ping()
      this.start()
    })
  }

  /** Anything that comes is an answer. */
  heard(): void {
    this.#unanswered = 0
  }

  stop(): void {
    this.#timer?.cancel()
  }
}
