// What an agent has written and nobody has stored yet: numbered lines in memory, and in a file when they are too many for it.
// Owns that file: made on first need, mode 0600, emptied when everything was acknowledged, removed at the end.

import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs'

import type { FramedLines } from '../../base/line-framer.ts'

/**
 * Whole lines, each with its LF. `first` is the number of the first one; numbers start at 1 and have no gap.
 * Of a terminal: bytes as they came, each byte with a number.
 */
export interface NumberedLines extends FramedLines {
  readonly first: number
}

interface Segment {
  readonly first: number
  readonly count: number
  readonly size: number
  /** Bytes in memory, or where they are in the file. */
  readonly at: Buffer | number
}

/** Pieces of bytes are joined up to this size: one that writes byte by byte must not cost an object each. */
const JOINED_BYTES_MAX = 4_096

export class OutputSpool {
  readonly #path: string | undefined
  readonly #isBytes: boolean
  #segments: Segment[] = []
  #fd: number | undefined
  #fileBytes = 0
  #inFile = 0
  #lines = 0
  #acknowledged = 0
  #bytes = 0
  #freedBytes = 0
  #memoryBytes = 0

  /** `path`: where the file would be; without one everything stays in memory. `isBytes`: what has a number is a byte, not a line. */
  constructor(path: string | undefined, isBytes = false) {
    this.#path = path
    this.#isBytes = isBytes
  }

  /** Number of the last line that was added. */
  get lines(): number {
    return this.#lines
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Bytes of everything that was acknowledged and let go of, since the start. */
  get freedBytes(): number {
    return this.#freedBytes
  }

  /** Bytes of lines that are not acknowledged. */
  get bytes(): number {
    return this.#bytes
  }

  /** Adds lines; to the file when memory would hold more than `memoryBytesMax`. What the file cannot take stays in memory. */
  add({ count, bytes }: FramedLines, memoryBytesMax: number): void {
    const isSmall = this.#memoryBytes + bytes.length <= memoryBytesMax
    if (isSmall && this.#isBytes && this.#join(bytes)) return
    const at = isSmall ? bytes : (this.#write(bytes) ?? bytes)
    if (typeof at === 'number') this.#inFile++
    else this.#memoryBytes += bytes.length
    this.#segments.push({ first: this.#lines + 1, count, size: bytes.length, at })
    this.#lines += count
    this.#bytes += bytes.length
  }

  /** The next lines that hold a number greater than `after`; they may begin before it, bytes never do. Undefined when there are none. */
  read(after: number): NumberedLines | undefined {
    const segment = this.#segments[this.#indexAfter(after)]
    if (segment === undefined) return undefined
    const { first, count, size, at } = segment
    const bytes = typeof at === 'number' ? this.#readFile(at, size) : at
    const known = this.#isBytes ? Math.max(0, after + 1 - first) : 0
    return { first: first + known, count: count - known, bytes: bytes.subarray(known) }
  }

  /** Lines up to number `n` are stored elsewhere and need no room any more. */
  acknowledge(n: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, Math.min(n, this.#lines))
    const gone = this.#indexAfter(this.#acknowledged)
    for (const { at, size } of this.#segments.slice(0, gone)) {
      this.#bytes -= size
      this.#freedBytes += size
      if (typeof at === 'number') this.#inFile--
      else this.#memoryBytes -= size
    }
    if (gone > 0) this.#segments.splice(0, gone)
    if (this.#inFile === 0 && this.#fileBytes > 0) this.#empty()
  }

  /** Forgets everything; the file is removed. */
  close(): void {
    this.#segments = []
    if (this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
    rmSync(this.#path!, { force: true })
  }

  /** Puts bytes to the end of the last piece, when both are small. Pieces that were read before stay as they were read. */
  #join(bytes: Buffer): boolean {
    const last = this.#segments.at(-1)
    if (last === undefined || typeof last.at === 'number') return false
    const { first, at } = last
    const size = at.length + bytes.length
    if (size > JOINED_BYTES_MAX) return false
    this.#segments[this.#segments.length - 1] = { first, count: size, size, at: Buffer.concat([at, bytes]) }
    this.#lines += bytes.length
    this.#bytes += bytes.length
    this.#memoryBytes += bytes.length
    return true
  }

  /** Segments are in order and few while somebody reads: the first that reaches beyond `n`. */
  #indexAfter(n: number): number {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >> 1
      const { first, count } = this.#segments[middle]!
      if (first + count - 1 > n) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Where the bytes are in the file; undefined when it cannot take them (no path, full disk). */
  #write(bytes: Buffer): number | undefined {
    if (this.#path === undefined) return undefined
    try {
      this.#fd ??= openSync(this.#path, 'wx+', 0o600)
      let written = 0
      while (written < bytes.length) {
        written += writeSync(this.#fd, bytes, written, bytes.length - written, this.#fileBytes + written)
      }
    } catch {
      return undefined
    }
    const at = this.#fileBytes
    this.#fileBytes += bytes.length
    return at
  }

  #readFile(at: number, size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size)
    let read = 0
    while (read < size) {
      const n = readSync(this.#fd!, bytes, read, size - read, at + read)
      if (n === 0) throw new Error('the spool is shorter than what was written to it')
      read += n
    }
    return bytes
  }

  #empty(): void {
    ftruncateSync(this.#fd!, 0)
    this.#fileBytes = 0
  }
}
