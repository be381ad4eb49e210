// When signs of life that do not come are a wedge. Pure, and counts in its own looks: a process or a machine that stood still made no looks
// either, so that it is not taken for one whose loop hangs.

export interface Signs {
  readonly loop: number
  readonly store: number
}

export type Verdict =
  | { readonly kind: 'moves' }
  /** It stood still for at least `ms`, was said to, and moves again. */
  | { readonly kind: 'recovered'; readonly part: keyof Signs; readonly ms: number }
  /** First told of: it has stood still for `ms`. */
  | { readonly kind: 'wedged'; readonly part: keyof Signs; readonly ms: number }
  /** It has had its time. */
  | { readonly kind: 'lost'; readonly part: keyof Signs; readonly ms: number }

/** The time that a wedged gateway has to come back, in units of the time after which it is said. */
const PATIENCE = 4
/** Looks without a sign of the loop that are no chance: looks and signs may be out of step by one. */
const LOOP_STILL_MIN = 2

export class WedgeJudge {
  readonly #lookMs: number
  readonly #wedgeMs: number
  #last: Signs | undefined
  #still = { loop: 0, store: 0 }
  #said: keyof Signs | undefined
  #stoodMs = 0

  /** Looks are `lookMs` apart, as far as anybody can promise that. */
  constructor(lookMs: number, wedgeMs: number) {
    this.#lookMs = lookMs
    this.#wedgeMs = wedgeMs
  }

  look(now: Signs): Verdict {
    const last = this.#last
    this.#last = now
    for (const part of ['loop', 'store'] as const) {
      this.#still[part] = now[part] === last?.[part] ? this.#still[part] + 1 : 0
    }
    // A loop that hangs asks the store nothing: it is the loop then.
    const part = this.#still.loop * this.#lookMs >= this.#wedgeMs ? 'loop' : 'store'
    const ms = this.#still[part] * this.#lookMs
    // It may have begun to hang with something asked of the store, whose answer it cannot take: not the store's time to be judged.
    if (part === 'store' && this.#still.loop >= LOOP_STILL_MIN && ms >= this.#wedgeMs) return { kind: 'moves' }
    if (ms >= this.#wedgeMs * PATIENCE) return { kind: 'lost', part, ms }
    if (ms >= this.#wedgeMs) return this.#say(part, ms)
    return this.#recover()
  }

  #say(part: keyof Signs, ms: number): Verdict {
    this.#stoodMs = ms
    if (this.#said === part) return { kind: 'moves' }
    this.#said = part
    return { kind: 'wedged', part, ms }
  }

  #recover(): Verdict {
    const part = this.#said
    if (part === undefined) return { kind: 'moves' }
    this.#said = undefined
    return { kind: 'recovered', part, ms: this.#stoodMs }
  }
}
