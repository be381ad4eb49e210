// The processes that this agent has started and that may still run: none of them is to outlive it, however little time its end has.

export class Children implements Disposable {
  readonly #kills = new Set<() => void>()

  /** Until it is disposed, `kill` is called when the agent ends. It must not throw. */
  track(kill: () => void): Disposable {
    this.#kills.add(kill)
    return { [Symbol.dispose]: () => void this.#kills.delete(kill) }
  }

  /** Kills what is left. */
  [Symbol.dispose](): void {
    for (const kill of this.#kills) kill()
    this.#kills.clear()
  }
}
