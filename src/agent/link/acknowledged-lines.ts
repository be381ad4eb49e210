// Up to which line the host may forget what it told: what is stored, but for lines that somebody here still works on.

export class AcknowledgedLines {
  readonly #acknowledge: (n: number) => void
  readonly #withheld = new Set<number>()
  #stored = 0

  constructor(acknowledge: (n: number) => void) {
    this.#acknowledge = acknowledge
  }

  /** Neither the line nor any after it is acknowledged until it is disposed, which is within a bounded time. */
  withhold(line: number): Disposable {
    this.#withheld.add(line)
    return {
      [Symbol.dispose]: () => {
        const wasFirst = line === Math.min(...this.#withheld)
        this.#withheld.delete(line)
        if (wasFirst && this.#stored >= line) this.#tell()
      },
    }
  }

  /** Lines up to `n` are stored. */
  stored(n: number): void {
    this.#stored = Math.max(this.#stored, n)
    this.#tell()
  }

  #tell(): void {
    this.#acknowledge(Math.min(this.#stored, Math.min(...this.#withheld) - 1))
  }
}
