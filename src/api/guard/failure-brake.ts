// Slows down whoever sends bad tokens: a few at once, then one every few seconds, per peer. Never looked at for a good token.
// Loopback is not exempt. The table is bounded: the peer that failed longest ago is forgotten first.

export interface BrakeOptions {
  readonly burst: number
  readonly refillMs: number
  readonly peersMax: number
}

const DEFAULTS: BrakeOptions = { burst: 10, refillMs: 6_000, peersMax: 1024 }

export class FailureBrake {
  readonly #options: BrakeOptions
  /** Time at which a peer's allowance is full again, epoch ms; insertion order is order of the last failure. */
  readonly #fullAt = new Map<string, number>()

  constructor(options: BrakeOptions = DEFAULTS) {
    this.#options = options
  }

  /** Counts one bad token. 0: within the allowance; otherwise milliseconds until the next one is. */
  fail(peer: string, now: number): number {
    const { burst, refillMs, peersMax } = this.#options
    const fullAt = Math.max(this.#fullAt.get(peer) ?? now, now)
    const waitMs = fullAt + refillMs - (now + burst * refillMs)
    this.#fullAt.delete(peer)
    this.#fullAt.set(peer, waitMs > 0 ? fullAt : fullAt + refillMs)
    const [oldest] = this.#fullAt.keys()
    if (this.#fullAt.size > peersMax && oldest !== undefined) this.#fullAt.delete(oldest)
    return Math.max(waitMs, 0)
  }

  get peers(): number {
    return this.#fullAt.size
  }
}
