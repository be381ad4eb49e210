// Messages of a remote agent on their way to the gateway's logic: numbered, in small batches, one batch a turn of the loop.
// Owns what was told and is not stored yet, and bounds it: the source is paused while that is too much. Never looks into a message.

import type { LineBatch } from '../keeper/agent-host.ts'

export interface InboundLimits {
  /** What may be here without being acknowledged. One message may pass the bytes. */
  readonly lines: number
  readonly bytes: number
}

/** As for a process of this machine. */
export const INBOUND_LIMITS: InboundLimits = { lines: 1_024, bytes: 1024 * 1024 }

export interface InboundPorts {
  deliver(batch: LineBatch): void
  pause(): void
  resume(): void
}

const BATCH_LINES_MAX = 128

export class InboundLines {
  readonly #limits: InboundLimits
  readonly #ports: InboundPorts
  /** Of each message that is not acknowledged: its size. The first belongs to line `#acknowledged + 1`. */
  #sizes: number[] = []
  #bytes = 0
  #waiting: string[] = []
  #delivered = 0
  #acknowledged = 0
  #isPaused = false
  #isOpen = false
  #isScheduled = false
  /** Told once everything before it was delivered. */
  #end: (() => void) | undefined

  constructor(ports: InboundPorts, limits: InboundLimits = INBOUND_LIMITS) {
    this.#ports = ports
    this.#limits = limits
  }

  /** Nothing is delivered before. */
  open(): void {
    this.#isOpen = true
    this.#schedule()
  }

  push(text: string): void {
    if (this.#end !== undefined) return
    this.#sizes.push(text.length)
    this.#bytes += text.length
    this.#waiting.push(text)
    this.#control()
    this.#schedule()
  }

  /** Lines up to `n` are stored. */
  acknowledge(n: number): void {
    const count = Math.min(n, this.#delivered) - this.#acknowledged
    if (count <= 0) return
    for (const size of this.#sizes.splice(0, count)) this.#bytes -= size
    this.#acknowledged += count
    this.#control()
  }

  /** The last thing there is to tell; nothing is taken after it. The first call wins. */
  end(tell: () => void): void {
    this.#end ??= tell
    this.#schedule()
  }

  #control(): void {
    const { lines, bytes } = this.#limits
    const isFull = this.#sizes.length > lines || this.#bytes > bytes
    if (isFull && !this.#isPaused) {
      this.#isPaused = true
      this.#ports.pause()
    } else if (this.#isPaused && this.#sizes.length <= lines / 2 && this.#bytes <= bytes / 2) {
      this.#isPaused = false
      this.#ports.resume()
    }
  }

  #schedule(): void {
    if (this.#isScheduled || !this.#isOpen) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#next()
    })
  }

  /** One batch a turn of the loop, so that other sessions and requests get theirs. */
  #next(): void {
    const lines = this.#waiting.splice(0, BATCH_LINES_MAX)
    const first = this.#delivered + 1
    this.#delivered += lines.length
    // Before the call: a listener that throws must not stop the stream.
    if (this.#waiting.length > 0) this.#schedule()
    if (lines.length > 0) this.#ports.deliver({ first, lines })
    if (this.#waiting.length > 0 || this.#end === undefined) return
    const tell = this.#end
    this.#end = () => {}
    tell()
  }
}
