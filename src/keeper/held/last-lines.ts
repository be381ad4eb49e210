// Whether everything that one process has ever written, and its end, is stored: only then nobody needs to hold it any more.

import { deadline, ignore } from '../../base/deadline.ts'

/** Who has not stored a single line for so long will not store the last ones of a process that has ended. */
const STORE_MS_MAX = 5_000

export class LastLines {
  readonly #done = Promise.withResolvers<void>()
  /** Numbers of the last line that was told and of the last one that is stored. */
  #told: number
  #stored: number
  #isLast = false
  #isEndStored = false

  constructor(stored: number) {
    this.#told = stored
    this.#stored = stored
  }

  told(line: number): void {
    this.#told = line
  }

  stored(line: number): void {
    this.#stored = Math.max(this.#stored, line)
    this.#look()
  }

  /** No other line will be told. */
  end(): void {
    this.#isLast = true
    this.#look()
  }

  /** Whoever was told of the end has stored what follows from it. */
  endStored(): void {
    this.#isEndStored = true
    this.#look()
  }

  /** Resolves when all of that is stored, when `signal` aborts, or when nothing was stored for 5 s. Never rejects. */
  async settled(signal: AbortSignal): Promise<void> {
    for (let before = -1; before !== this.#stored && !signal.aborted;) {
      before = this.#stored
      const wait = deadline(this.#done.promise, { ms: STORE_MS_MAX, stage: 'store of the last lines', signal })
      await wait.catch(ignore('whether it goes on is looked at'))
    }
  }

  #look(): void {
    if (this.#isLast && this.#isEndStored && this.#stored >= this.#told) this.#done.resolve()
  }
}
