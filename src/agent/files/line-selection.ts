// Some lines of bytes that come in pieces. A line ends after its LF, and keeps it: pages of lines joined are the file.

export interface Lines {
  /** From 1 on. */
  readonly line: number
  /** Undefined: all that follow. */
  readonly limit: number | undefined
}

const LF = 0x0a

export class LineSelection {
  readonly #parts: Buffer[] = []
  /** Line ends before the first line that is wanted. */
  #before: number
  /** Lines that are wanted and not complete. */
  #wanted: number

  constructor({ line, limit }: Lines) {
    this.#before = line - 1
    this.#wanted = limit ?? Infinity
  }

  /** Nothing more is needed. */
  get isComplete(): boolean {
    return this.#wanted === 0
  }

  push(chunk: Buffer): void {
    let start = 0
    for (; this.#before > 0; this.#before--) {
      const end = chunk.indexOf(LF, start)
      if (end === -1) return
      start = end + 1
    }
    this.#parts.push(chunk.subarray(start, this.#endOf(chunk, start)))
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  #endOf(chunk: Buffer, start: number): number {
    if (this.#wanted === Infinity) return chunk.length
    let end = start
    for (; this.#wanted > 0; this.#wanted--) {
      const lf = chunk.indexOf(LF, end)
      if (lf === -1) return chunk.length
      end = lf + 1
    }
    return end
  }
}
