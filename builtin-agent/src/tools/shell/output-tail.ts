// The newest output of a command, bounded, and shown while it grows: at most once in a while, so that a flood costs nothing.

import { systemClock, type Timer } from '../../../../src/base/clock.ts'

/** Between two showings. */
const SHOW_MS = 250

export class OutputTail {
  readonly #bytesMax: number
  readonly #show: (text: string) => void
  #chunks: Buffer[] = []
  #bytes = 0
  #isCut = false
  #timer: Timer | undefined

  constructor(bytesMax: number, show: (text: string) => void) {
    this.#bytesMax = bytesMax
    this.#show = show
  }

  get isCut(): boolean {
    return this.#isCut
  }

  get text(): string {
    const bytes = Buffer.concat(this.#chunks)
    // A cut in the middle of a character leaves up to three bytes of it.
    return this.#isCut ? bytes.toString('utf8').replace(/^\uFFFD{1,3}/, '') : bytes.toString('utf8')
  }

  add(bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes > 2 * this.#bytesMax) this.#trim()
    this.#timer ??= systemClock.at(systemClock.now() + SHOW_MS, () => {
      this.#timer = undefined
      this.#show(this.text)
    })
  }

  /** Nothing is shown any more. */
  end(): void {
    this.#timer?.cancel()
    if (this.#bytes > this.#bytesMax) this.#trim()
  }

  #trim(): void {
    const all = Buffer.concat(this.#chunks)
    const kept = all.subarray(all.length - this.#bytesMax)
    this.#chunks = [Buffer.from(kept)]
    this.#bytes = kept.length
    this.#isCut = true
  }
}
