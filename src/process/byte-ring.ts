// The newest bytes of a stream, never more than a bound; the rest is counted. Owns one buffer that grows up to that bound.

const ROOM_MIN = 4_096

/** Overflow rule: the oldest bytes go. */
export class ByteRing {
  readonly #bytesMax: number
  #ring = Buffer.alloc(0)
  /** Bytes ever pushed; the newest one is at `(#total - 1) % #ring.length` once the ring has its full size. */
  #total = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Bytes ever pushed. */
  get total(): number {
    return this.#total
  }

  get droppedBytes(): number {
    return Math.max(0, this.#total - this.#bytesMax)
  }

  push(chunk: Uint8Array): void {
    const bytes = chunk.length > this.#bytesMax ? chunk.subarray(chunk.length - this.#bytesMax) : chunk
    this.#grow(Math.min(this.#total + bytes.length, this.#bytesMax))
    this.#total += chunk.length - bytes.length
    if (bytes.length === 0) return
    const at = this.#total % this.#ring.length
    const fits = Math.min(bytes.length, this.#ring.length - at)
    this.#ring.set(bytes.subarray(0, fits), at)
    this.#ring.set(bytes.subarray(fits), 0)
    this.#total += bytes.length
  }

  /** A copy of the newest bytes, at most `bytesMax`. Where something came before, the rest of a cut character is left out. */
  newest(bytesMax: number = this.#bytesMax): Buffer {
    const length = Math.min(this.#total, bytesMax, this.#ring.length)
    const end = this.#ring.length === 0 ? 0 : this.#total % this.#ring.length
    const wrapped = Math.max(0, length - end)
    const bytes = Buffer.concat([
      this.#ring.subarray(this.#ring.length - wrapped),
      this.#ring.subarray(end - (length - wrapped), end),
    ])
    let from = 0
    while (this.#total > length && from < 3 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++
    return bytes.subarray(from)
  }

  /** Positions are `total % length`, so bytes stay in place only while nothing has wrapped: growing ends before that. */
  #grow(needed: number): void {
    if (needed <= this.#ring.length) return
    const grown = Buffer.alloc(Math.min(Math.max(needed, this.#ring.length * 2, ROOM_MIN), this.#bytesMax))
    const kept = this.newest(this.#ring.length)
    grown.set(kept, this.#total - kept.length)
    this.#ring = grown
  }
}
