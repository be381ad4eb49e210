// Lines of one process on their way to the gateway's logic: decoded, in order, in small batches, one batch a turn of the loop.
// Owns what was told and not delivered yet, which the holder's window bounds. Never looks into a line.

import { isUtf8 } from 'node:buffer'

import { damagedLines, decodeLines } from '../../base/line-framer.ts'
import type { LineBatch } from '../agent-host.ts'
import type { NumberedLines } from '../held/output-spool.ts'

const BATCH_LINES_MAX = 128
const BOM = '\u{feff}'

export class LineDelivery {
  readonly #deliver: (batch: LineBatch) => void
  #waiting: string[] = []
  #waitingFrom = 0
  /** Numbers of those that were not UTF-8. */
  #damaged: number[] = []
  /** Number of the last line that was delivered, and of the last one that is here. */
  #delivered: number
  #here: number
  /** What is to be told after the line of this number, in order. */
  #after: { readonly line: number; readonly tell: () => void }[] = []
  #isScheduled = false
  #isOpen = false

  /** Lines up to number `after` are not wanted. Nothing is delivered before `open`. */
  constructor(after: number, deliver: (batch: LineBatch) => void) {
    this.#delivered = after
    this.#here = after
    this.#deliver = deliver
  }

  open(): void {
    this.#isOpen = true
    this.#schedule()
  }

  /** The next lines; those that are here already, or were not wanted, are dropped. */
  push({ first, count, bytes }: NumberedLines): void {
    const lines = decodeLines(bytes)
    if (!isUtf8(bytes))
      this.#damaged.push(
        ...damagedLines(bytes)
          .map((index) => first + index)
          .filter((n) => n > this.#here),
      )
    const known = this.#here - first + 1
    const fresh = known > 0 ? lines.slice(known) : lines
    if (first === 1 && known <= 0 && fresh[0]?.startsWith(BOM)) fresh[0] = fresh[0].slice(1)
    if (fresh.length === 0) return
    this.#here = first + count - 1
    if (this.#waiting.length === 0) this.#waiting = fresh
    else for (const line of fresh) this.#waiting.push(line)
    // From a read of the pipe or the socket: no other turn of the loop is needed for the first batch.
    if (this.#isOpen && !this.#isScheduled) this.#next()
  }

  /** Runs `tell` once every line that is here now was delivered. */
  afterLines(tell: () => void): void {
    this.#after.push({ line: this.#here, tell })
    this.#schedule()
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
    this.#tellDue()
    const lines = this.#takeBatch()
    const first = this.#delivered + 1
    this.#delivered += lines.length
    // Before the call: a listener that throws must not stop the stream.
    if (this.#delivered < this.#here || this.#after.length > 0) this.#schedule()
    if (lines.length > 0) this.#deliver({ first, lines, ...this.#takeDamaged() })
  }

  #tellDue(): void {
    const due = this.#after.filter(({ line }) => line <= this.#delivered)
    if (due.length === 0) return
    this.#after = this.#after.slice(due.length)
    for (const { tell } of due) tell()
  }

  #takeDamaged(): Pick<LineBatch, 'damaged'> {
    if (this.#damaged.length === 0) return {}
    const damaged = this.#damaged.filter((line) => line <= this.#delivered)
    this.#damaged = this.#damaged.slice(damaged.length)
    return damaged.length === 0 ? {} : { damaged }
  }

  #takeBatch(): string[] {
    if (this.#waitingFrom === 0 && this.#waiting.length <= BATCH_LINES_MAX) {
      const all = this.#waiting
      this.#waiting = []
      return all
    }
    const batch = this.#waiting.slice(this.#waitingFrom, this.#waitingFrom + BATCH_LINES_MAX)
    this.#waitingFrom += batch.length
    if (this.#waitingFrom >= this.#waiting.length) {
      this.#waiting = []
      this.#waitingFrom = 0
    }
    return batch
  }
}
