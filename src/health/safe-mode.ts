// Whether this life is in safe mode, and how it leaves: because a person says so, or by itself when it has stayed up for the window.
// Modes: off; on -> off, once. What follows from it is the owner's.

import type { Clock, Timer } from '../base/clock.ts'

/** `left`: a person said so. `over`: time did. */
export type SafeModeEnd = 'left' | 'over'

export interface SafeModeState {
  /** Epoch ms. */
  readonly since: number
  readonly endsAt: number
  /** The unclean ends that led to it. */
  readonly crashes: number
}

export class SafeMode implements Disposable {
  #state: SafeModeState | undefined
  #timer: Timer | undefined
  /** Called once, when it ends. */
  onEnd: (how: SafeModeEnd) => void = () => {}

  /** Undefined `crashes`: it is off. */
  constructor(clock: Clock, crashes: number | undefined, windowMs: number) {
    if (crashes === undefined) return
    const since = clock.now()
    this.#state = { since, endsAt: since + windowMs, crashes }
    this.#timer = clock.at(since + windowMs, () => this.#end('over'))
  }

  /** Undefined: it is off. */
  get state(): SafeModeState | undefined {
    return this.#state
  }

  get isOn(): boolean {
    return this.#state !== undefined
  }

  /** A person ends it. False when it was off. */
  leave(): boolean {
    return this.#end('left')
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
  }

  #end(how: SafeModeEnd): boolean {
    if (this.#state === undefined) return false
    this.#state = undefined
    this.#timer?.cancel()
    this.onEnd(how)
    return true
  }
}
