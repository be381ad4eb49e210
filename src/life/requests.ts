// What this process was asked to do about its gateway: each request is at least as urgent as the one before, and none is lost.
// Holds for one life until `begin`; a stop holds for every later life. Whoever waits looks at the signals.

export interface StopWishes {
  /** Milliseconds for running turns; undefined: the configured budget. */
  readonly budgetMs?: number | undefined
  /** Agents and turns are left to the next life of the gateway. */
  readonly keepsAgents?: boolean
}

/** Why the life is to end. */
export type Wish =
  | { readonly kind: 'restart'; readonly reason: string }
  | { readonly kind: 'stop'; readonly reason: string; readonly keepsAgents: boolean }

/** Modes: nothing asked; restart; stop. A stop beats a restart, also one whose drain has begun; nothing beats a stop. */
export class Requests {
  #drain = new AbortController()
  readonly #stopped = new AbortController()
  readonly #force = new AbortController()
  #wish: Wish | undefined
  #stops = 0
  #budgetMs: number | undefined

  /** Aborted when the life is to end: accept nothing new, let turns end within the budget. */
  get drain(): AbortSignal {
    return this.#drain.signal
  }

  /** Aborted by the first stop. */
  get stopped(): AbortSignal {
    return this.#stopped.signal
  }

  /** Aborted by the second stop: no budget, cut the turns, still prove that every process is gone. */
  get force(): AbortSignal {
    return this.#force.signal
  }

  get wish(): Wish | undefined {
    return this.#wish
  }

  /** What the first stop asked for; undefined: the configured budget. */
  get budgetMs(): number | undefined {
    return this.#budgetMs
  }

  /** True while agents and turns are to be left to the next life, as far as the requests say. */
  get keepsAgents(): boolean {
    return this.#wish?.kind === 'restart' || this.#wish?.keepsAgents === true
  }

  /** Returns how many stops there have been; from the third on the caller may end the process. */
  stop(reason: string, { budgetMs, keepsAgents = false }: StopWishes = {}): number {
    const earlier = this.#wish
    this.#stops++
    this.#budgetMs ??= budgetMs
    // A stop that is asked for later wins: nothing is left running that nobody will come for.
    const isKeeping = keepsAgents && (earlier === undefined || this.keepsAgents)
    this.#wish = { kind: 'stop', reason: earlier?.kind === 'stop' ? earlier.reason : reason, keepsAgents: isKeeping }
    this.#stopped.abort(reason)
    this.#drain.abort(reason)
    if (this.#stops > 1) this.#force.abort(reason)
    return this.#stops
  }

  /** Ends this life so that another one follows. False, and nothing happens, when its end was asked for before. */
  restart(reason: string): boolean {
    if (this.#wish !== undefined) return false
    this.#wish = { kind: 'restart', reason }
    this.#drain.abort(reason)
    return true
  }

  /** Before each life: the restart that it is the answer to is done with. A stop is not: that life will only end what it finds. */
  begin(): void {
    if (this.#wish?.kind === 'stop') return
    this.#wish = undefined
    this.#drain = new AbortController()
  }
}
