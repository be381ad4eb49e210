// How a gateway is asked to stop: each request is more urgent than the one before. Whoever waits looks at the signals.

export class StopSwitch {
  readonly #drain = new AbortController()
  readonly #force = new AbortController()
  #requests = 0
  #budgetMs: number | undefined

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

  /** What is to be done right before the process is ended without waiting; set once there is something to end. */
  lastResort: () => void = () => {}

  /** Returns how many requests there have been; from the third on the caller may end the process. */
  request(reason: string, budgetMs?: number): number {
    this.#requests++
    this.#budgetMs ??= budgetMs
    this.#drain.abort(reason)
    if (this.#requests > 1) this.#force.abort(reason)
    return this.#requests
  }
}
