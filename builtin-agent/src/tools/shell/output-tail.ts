// The newest output of a command, bounded, and shown while it grows: at most once in a while, so that a flood costs nothing.

import { systemClock, type Timer } from '../../../../src/base/clock.ts'

/** Between two showings. */
const SHOW_MS = 250
/** Of the newest, while it grows: each showing is stored by whoever keeps what was said. */
const SHOWN_BYTES = 8 * 1024

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
    return textOf(Buffer.concat(this.#chunks), this.#isCut)
  }

  add(bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes > 2 * this.#bytesMax) this.#trim()
    this.#timer ??= systemClock.at(systemClock.now() + SHOW_MS, () => {
      this.#timer = undefined
      this.#show(this.#newest())
    })
  }

  /** Nothing is shown any more. */
  end(): void {
    this.#timer?.cancel()
    if (this.#bytes > this.#bytesMax) this.#trim()
  }

  #newest(): string {
    const all = Buffer.concat(this.#chunks)
    const isCut = all.length > SHOWN_BYTES
    return isCut ? `…${textOf(all.subarray(all.length - SHOWN_BYTES), isCut)}` : textOf(all, this.#isCut)
  }

  #trim(): void {
    const all = Buffer.concat(this.#chunks)
    const kept = all.subarray(all.length - this.#bytesMax)
    this.#chunks = [Buffer.from(kept)]
    this.#bytes = kept.length
    this.#isCut = true
  }
}

/** A cut in the middle of a character leaves up to three bytes of it. */
function textOf(bytes: Buffer, isCut: boolean): string {
  const text = bytes.toString('utf8')
  return isCut ? text.replace(/^\uFFFD{1,3}/, '') : text
}
