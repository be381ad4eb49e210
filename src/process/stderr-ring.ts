// The newest stderr of one child: always drained, never more than its ring, shown with control characters made visible.
// Owns one buffer that grows up to the bound. Assumes no encoding: what is not UTF-8 shows as U+FFFD.

const RING_BYTES_MAX = 256 * 1024
const RING_BYTES_MIN = 4_096
const TAIL_BYTES_MAX = 4_096

/** Overflow rule: the oldest bytes go, and are counted. */
export class StderrRing {
  readonly #bytesMax: number
  #ring = Buffer.alloc(0)
  /** Bytes ever pushed; the newest one is at `(#total - 1) % #ring.length` once the ring has its full size. */
  #total = 0

  constructor(bytesMax: number = RING_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  get droppedBytes(): number {
    return Math.max(0, this.#total - this.#bytesMax)
  }

  push(chunk: Uint8Array): void {
    const bytes = chunk.length > this.#bytesMax ? chunk.subarray(chunk.length - this.#bytesMax) : chunk
    this.#grow(Math.min(this.#total + bytes.length, this.#bytesMax))
    this.#total += chunk.length - bytes.length
    const at = this.#total % this.#ring.length
    const fits = Math.min(bytes.length, this.#ring.length - at)
    this.#ring.set(bytes.subarray(0, fits), at)
    this.#ring.set(bytes.subarray(fits), 0)
    this.#total += bytes.length
  }

  /** The newest text, at most `bytesMax` bytes of it; lines stay lines, every other control character is written as its code. */
  tail(bytesMax: number = TAIL_BYTES_MAX): string {
    const bytes = this.#newest(Math.min(bytesMax, this.#bytesMax))
    const text = neutralise(bytes.toString('utf8'))
    return Buffer.byteLength(text) <= bytesMax ? text : cutFront(text, bytesMax)
  }

  #newest(bytesMax: number): Buffer {
    const length = Math.min(this.#total, bytesMax, this.#ring.length)
    const end = this.#ring.length === 0 ? 0 : this.#total % this.#ring.length
    const wrapped = Math.max(0, length - end)
    const bytes = Buffer.concat([
      this.#ring.subarray(this.#ring.length - wrapped),
      this.#ring.subarray(end - (length - wrapped), end),
    ])
    // The cut may have gone through a character.
    let from = 0
    while (this.#total > length && from < 3 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++
    return bytes.subarray(from)
  }

  /** Positions are `total % length`, so bytes stay in place only while nothing has wrapped: growing ends before that. */
  #grow(needed: number): void {
    if (needed <= this.#ring.length) return
    const grown = Buffer.alloc(Math.min(Math.max(needed, this.#ring.length * 2, RING_BYTES_MIN), this.#bytesMax))
    const kept = this.#newest(this.#ring.length)
    grown.set(kept, this.#total - kept.length)
    this.#ring = grown
  }
}

// C0 without tab and newline, DEL, C1, line and paragraph separators, and what turns text around.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function neutralise(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(CONTROL, (character) => {
    return `\\u{${character.charCodeAt(0).toString(16)}}`
  })
}

function cutFront(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text)
  let from = bytes.length - bytesMax
  while (((bytes[from] ?? 0) & 0xc0) === 0x80) from++
  return bytes.toString('utf8', from)
}
