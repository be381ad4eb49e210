// Bytes into whole lines that stay bytes: where the last complete line ends, how many there are, which are too long.
// Owns the bytes of at most one unfinished line. Never decodes; the one look into a line is whether it is blank.

import { isUtf8 } from 'node:buffer'

const LF = 0x0a
const SPACE = 0x20
const NOTHING = Buffer.alloc(0)

/** Whole lines in order, each with its LF. */
export interface FramedLines {
  readonly count: number
  readonly bytes: Buffer
}

/**
 * Modes: open, then for ever closed once a line was too long or `end` was called. Blank lines are dropped and not counted.
 * The lines do not depend on how the bytes were cut (X-01 … ).
 */
export class LineFramer {
  readonly #lineBytesMax: number
  /** The beginning of a line without its end, in a buffer that grows: pieces of one byte must not cost an object each. */
  #pending = NOTHING
  #pendingBytes = 0
  #isClosed = false
  #isTooLong = false

  /** `lineBytesMax`: bytes of one line without its LF; a CR counts. */
  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
  }

  /** True once a line passed the bound: the lines before it were given, nothing after it ever is. */
  get isTooLong(): boolean {
    return this.#isTooLong
  }

  /** The lines that `chunk` completes; undefined when there are none. May give views of `chunk`; keeps none. */
  push(chunk: Buffer): FramedLines | undefined {
    if (this.#isClosed) return undefined
    const end = chunk.lastIndexOf(LF) + 1
    if (end === 0) {
      this.#keep(chunk)
      return undefined
    }
    const head = end === chunk.length ? chunk : chunk.subarray(0, end)
    const region = this.#pendingBytes === 0 ? head : Buffer.concat([this.#takePending(), head])
    const framed = this.#frame(region)
    if (end < chunk.length && !this.#isClosed) this.#keep(chunk.subarray(end))
    return framed
  }

  /** The last line when the input ended without a terminator; it gets one. Closes the framer. */
  end(): FramedLines | undefined {
    if (this.#isClosed) return undefined
    const rest = this.#takePending()
    this.#close()
    return rest.length > 0 ? this.#frame(Buffer.concat([rest, Buffer.of(LF)])) : undefined
  }

  #keep(bytes: Buffer): void {
    const needed = this.#pendingBytes + bytes.length
    if (needed > this.#lineBytesMax) return this.#refuse()
    if (needed > this.#pending.length) {
      const room = Math.min(Math.max(needed, 2 * this.#pending.length), this.#lineBytesMax)
      const grown = Buffer.allocUnsafe(room)
      this.#pending.copy(grown, 0, 0, this.#pendingBytes)
      this.#pending = grown
    }
    bytes.copy(this.#pending, this.#pendingBytes)
    this.#pendingBytes = needed
  }

  #takePending(): Buffer {
    const bytes = this.#pending.subarray(0, this.#pendingBytes)
    this.#pending = NOTHING
    this.#pendingBytes = 0
    return bytes
  }

  /** Counts the lines of `region`, which ends with an LF; cuts it before a line that is too long, and blank lines out of it. */
  #frame(region: Buffer): FramedLines | undefined {
    let kept: Buffer[] | undefined
    let keptFrom = 0
    let count = 0
    let start = 0
    while (start < region.length) {
      const lf = region.indexOf(LF, start)
      if (lf - start > this.#lineBytesMax) {
        this.#refuse()
        break
      }
      if (region[start]! <= SPACE && isBlank(region, start, lf)) {
        ;(kept ??= []).push(region.subarray(keptFrom, start))
        keptFrom = lf + 1
      } else {
        count++
      }
      start = lf + 1
    }
    if (count === 0) return undefined
    const rest = region.subarray(keptFrom, start)
    return { count, bytes: kept === undefined ? rest : Buffer.concat([...kept, rest]) }
  }

  #refuse(): void {
    this.#isTooLong = true
    this.#close()
  }

  #close(): void {
    this.#isClosed = true
    this.#takePending()
  }
}

function isBlank(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at]! > SPACE) return false
  return true
}

/** Indexes of those of whole lines that are not UTF-8. */
export function damagedLines(bytes: Buffer): number[] {
  const damaged: number[] = []
  for (let index = 0, start = 0; start < bytes.length; index++) {
    const lf = bytes.indexOf(LF, start)
    if (!isUtf8(bytes.subarray(start, lf))) damaged.push(index)
    start = lf + 1
  }
  return damaged
}

/** The text of whole lines, without terminators. What is not UTF-8 becomes U+FFFD. */
export function decodeLines(bytes: Buffer): string[] {
  const lines = bytes.toString('utf8', 0, bytes.length - 1).split('\n')
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    if (line.endsWith('\r')) lines[i] = line.slice(0, -1)
  }
  return lines
}
