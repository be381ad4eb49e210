// Bytes into lines: LF or CRLF, UTF-8 split anywhere, a byte order mark before the first line.
// Owns the bytes of at most one unfinished line. Never looks into a line; `lineBytesMax` is its only bound.

const LF = 0x0a
const CR = '\r'
const BOM = '\u{feff}'
const REPLACEMENT = '\u{fffd}'
const CAPACITY_MIN = 4_096
const CAPACITY_KEPT_MAX = 65_536

/**
 * Modes: open, then for ever closed once a line was too long or `end` was called; a closed splitter holds no bytes and gives
 * no lines. Lines of whitespace only are dropped and not counted. The lines do not depend on how the bytes were cut (X-01 … X-05).
 */
export class LineSplitter {
  readonly #lineBytesMax: number
  readonly #pending: PendingBytes
  // The decoder must not eat a byte order mark: it is ours to drop, and only before the first line.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #closed = false
  #tooLong = false
  #sawLine = false
  #replacedLines = 0

  /** `lineBytesMax`: bytes of one line without its LF; a CR counts. */
  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
    this.#pending = new PendingBytes(lineBytesMax)
  }

  /** True once a line passed `lineBytesMax`: the lines before it were delivered, nothing after it ever is. */
  get tooLong(): boolean {
    return this.#tooLong
  }

  /** How many delivered lines held bytes that are not UTF-8; each such byte sequence became U+FFFD. */
  get replacedLines(): number {
    return this.#replacedLines
  }

  /** The lines that `chunk` completes, without terminators. Copies what it keeps: the caller may reuse the chunk. */
  push(chunk: Uint8Array): string[] {
    if (this.#closed) return []
    const lastLf = chunk.lastIndexOf(LF)
    if (lastLf === -1) {
      this.#keep(chunk)
      return []
    }
    const lines: string[] = []
    let from = 0
    if (this.#pending.length > 0) {
      const firstLf = chunk.indexOf(LF)
      if (!this.#keep(chunk.subarray(0, firstLf))) return lines
      this.#decode(this.#pending.take(), lines)
      from = firstLf + 1
    }
    if (from < lastLf) this.#decodeRegion(chunk.subarray(from, lastLf), lines)
    if (!this.#closed && lastLf + 1 < chunk.length) this.#keep(chunk.subarray(lastLf + 1))
    return lines
  }

  /** The last line when the input ended without a terminator. Closes the splitter. */
  end(): string | undefined {
    if (this.#closed) return undefined
    const lines: string[] = []
    if (this.#pending.length > 0) this.#decode(this.#pending.take(), lines)
    this.#close()
    return lines[0]
  }

  #keep(bytes: Uint8Array): boolean {
    if (this.#pending.append(bytes)) return true
    this.#tooLong = true
    this.#close()
    return false
  }

  #close(): void {
    this.#closed = true
    this.#pending.clear()
  }

  /** `region` is whole lines, joined by LF; it may hold the line that is too long. */
  #decodeRegion(region: Uint8Array, lines: string[]): void {
    const end = region.length <= this.#lineBytesMax ? region.length : this.#endOfGoodLines(region)
    if (end > 0) this.#decode(region.subarray(0, end), lines)
    if (end === region.length) return
    this.#tooLong = true
    this.#close()
  }

  /** Where the first line that is too long starts, or the length of the region. */
  #endOfGoodLines(region: Uint8Array): number {
    let start = 0
    while (start <= region.length) {
      const lf = region.indexOf(LF, start)
      const end = lf === -1 ? region.length : lf
      if (end - start > this.#lineBytesMax) return start
      start = end + 1
    }
    return region.length
  }

  #decode(region: Uint8Array, lines: string[]): void {
    const text = this.#decoder.decode(region)
    if (text.includes(REPLACEMENT)) this.#countReplaced(region)
    if (!text.includes('\n')) return this.#deliver(text, lines)
    for (const line of text.split('\n')) this.#deliver(line, lines)
  }

  #deliver(raw: string, lines: string[]): void {
    let line = raw.endsWith(CR) ? raw.slice(0, -1) : raw
    if (!this.#sawLine) {
      if (line.startsWith(BOM)) line = line.slice(1)
      this.#sawLine = line.trim() !== ''
      if (!this.#sawLine) return
    } else if (line.charCodeAt(0) !== 0x7b && line.trim() === '') return // 0x7b: `{`, the usual first character
    lines.push(line)
  }

  /** The slow path: a replacement character may also have been sent as such. */
  #countReplaced(region: Uint8Array): void {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    let start = 0
    while (start <= region.length) {
      const lf = region.indexOf(LF, start)
      const end = lf === -1 ? region.length : lf
      if (!isUtf8(strict, region.subarray(start, end))) this.#replacedLines++
      start = end + 1
    }
  }
}

/** One growing buffer, never larger than its bound; a large one is given back after use. */
class PendingBytes {
  readonly #bytesMax: number
  #buffer = new Uint8Array(0)
  #length = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get length(): number {
    return this.#length
  }

  /** False when the bound would be passed; nothing is kept then. */
  append(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length
    if (length > this.#bytesMax) return false
    if (length > this.#buffer.length) this.#grow(length)
    this.#buffer.set(bytes, this.#length)
    this.#length = length
    return true
  }

  /** A view of everything kept; valid until the next append. */
  take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#length)
    this.#length = 0
    if (this.#buffer.length > CAPACITY_KEPT_MAX) this.#buffer = new Uint8Array(0)
    return bytes
  }

  clear(): void {
    this.#buffer = new Uint8Array(0)
    this.#length = 0
  }

  #grow(needed: number): void {
    const capacity = Math.min(Math.max(needed, this.#buffer.length * 2, CAPACITY_MIN), this.#bytesMax)
    const grown = new Uint8Array(capacity)
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}

function isUtf8(strict: InstanceType<typeof TextDecoder>, bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes)
    return true
  } catch {
    return false
  }
}
