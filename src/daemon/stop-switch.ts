// How a gateway is asked to stop: each request is more urgent than the one before. Whoever waits looks at the signals.

export interface StopWishes {
  /** Time for running turns; undefined: the configured budget. */
  readonly budgetMs?: number | undefined
  /** Agents and turns are left to the next life of the gateway. */
  readonly keepsAgents?: boolean
}

export class StopSwitch {
  readonly #drain = new AbortController()
  readonly #force = new AbortController()
  #requests = 0
  #budgetMs: number | undefined
  #keepsAgents = false

  /** Aborted by the first request: accept nothing new, let turns end within the budget. */
  get drain(): AbortSignal {
    return this.#drain.signal
  }

  /** Aborted by the second request: no budget, cut the turns, still prove that every process is gone. */
  get force(): AbortSignal {
    return this.#force.signal
  }

  /** What the first request asked for; undefined: the configured budget. */
  get budgetMs(): number | undefined {
    return this.#budgetMs
  }

  /** True when the first request asked to leave agents and turns to the next life of the gateway. */
  get keepsAgents(): boolean {
    return this.#keepsAgents
  }

  /** What is to be done right before the process is ended without waiting; set once there is something to end. */
  lastResort: () => void = () => {}

  /** Returns how many requests there have been; from the third on the caller may end the process. */
  request(reason: string, { budgetMs, keepsAgents = false }: StopWishes = {}): number {
    this.#requests++
    this.#budgetMs ??= budgetMs
    // A stop that is asked for after it wins: nothing is left running that nobody will come for.
    this.#keepsAgents = keepsAgents && (this.#requests === 1 || this.#keepsAgents)
    this.#drain.abort(reason)
    if (this.#requests > 1) this.#force.abort(reason)
    return this.#requests
  }
}
