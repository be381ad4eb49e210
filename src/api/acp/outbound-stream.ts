// One stream of messages to an editor over HTTP: numbered, read by at most one response at a time. What was sent is kept for a while, so
// that a reader that was cut goes on after the last message that it has. Bounded: nothing is kept for a reader without end.

import type { ServerResponse } from 'node:http'

export interface OutboundLimits {
  /** Bytes that no reader has taken: above `highBytes` nothing more is read from the log, above `bytesMax` the editor is cut. */
  readonly highBytes: number
  readonly bytesMax: number
  /** Of messages that were sent, for a reader that comes back. */
  readonly keptBytes: number
}

export const OUTBOUND_LIMITS: OutboundLimits = {
  highBytes: 512 * 1024,
  bytesMax: 4 * 1024 * 1024,
  keptBytes: 1024 * 1024,
}

interface Frame {
  readonly id: number
  readonly text: string
}

/** Modes: without a reader (messages are kept), with one (they are written as they come), closed. */
export class OutboundStream {
  readonly #limits: OutboundLimits
  readonly #changed: () => void
  /** The last ones, sent or not. */
  readonly #frames: Frame[] = []
  #bytes = 0
  /** Of `bytes`, what a reader was given. */
  #sentBytes = 0
  #lastId = 0
  #sentId = 0
  #reader: ServerResponse | undefined

  /** `changed`: there may be more room, or another reader. */
  constructor(limits: OutboundLimits, changed: () => void) {
    this.#limits = limits
    this.#changed = changed
  }

  get hasReader(): boolean {
    return this.#reader !== undefined
  }

  get isFull(): boolean {
    return this.#waitingBytes() > this.#limits.highBytes
  }

  get isOverfull(): boolean {
    return this.#waitingBytes() > this.#limits.bytesMax
  }

  push(line: string): void {
    this.#lastId += 1
    const text = `id: ${this.#lastId}\ndata: ${line}\n\n`
    this.#frames.push({ id: this.#lastId, text })
    this.#bytes += text.length
    if (this.#reader !== undefined) this.#write()
  }

  /** False when what comes after `lastId` is not there (any more). */
  hasAfter(lastId: number): boolean {
    const oldest = this.#frames[0]?.id ?? this.#lastId + 1
    return lastId <= this.#lastId && lastId >= oldest - 1
  }

  /** For one reader at a time. `lastId` undefined: from what was not sent yet. */
  open(reader: ServerResponse, lastId: number | undefined): void {
    this.#reader = reader
    this.#sentId = lastId ?? this.#sentId
    reader.on('drain', this.#changed)
    reader.once('close', () => {
      if (this.#reader === reader) this.#reader = undefined
      this.#changed()
    })
    this.#write()
  }

  beat(): void {
    if (this.#reader?.writableNeedDrain === false) this.#reader.write(': \n\n')
  }

  close(): void {
    this.#reader?.end()
    this.#reader = undefined
    this.#frames.length = 0
  }

  /** What the reader has not: all of `frames` behind `#sentId`. */
  #write(): void {
    const from = this.#frames.findIndex(({ id }) => id > this.#sentId)
    if (from !== -1) for (const { text } of this.#frames.slice(from)) this.#reader?.write(text)
    this.#sentId = this.#lastId
    while (this.#bytes > this.#limits.keptBytes) this.#bytes -= this.#frames.shift()?.text.length ?? this.#bytes
    this.#sentBytes = this.#bytes
    this.#changed()
  }

  #waitingBytes(): number {
    if (this.#reader !== undefined) return this.#reader.writableLength
    return this.#bytes - this.#sentBytes
  }
}
