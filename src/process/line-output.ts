// stdout of one child as numbered lines: split, kept in order, handed out in small batches, with backpressure by acknowledgement.
// Owns the stream until it ends or is destroyed. Never looks into a line; what happens at the exit is told by its owner.

import type { Readable } from 'node:stream'

import { LineSplitter } from '../base/lines.ts'

/** Calls come in order and never from inside a call into LineOutput. */
export interface OutputListener {
  onLines(batch: { readonly first: number; readonly lines: readonly string[] }): void
  onOutputEnd(): void
  onLineTooLong(): void
}

export interface LineOutputLimits {
  readonly lineBytesMax: number
  /** Reading pauses while more than this is not acknowledged. */
  readonly unackedLinesMax?: number
  readonly unackedBytesMax?: number
}

const UNACKED_LINES_MAX = 1_024
const UNACKED_BYTES_MAX = 1024 * 1024
const BATCH_LINES_MAX = 128
/** What a pipe can still hold when its writer has exited, with room to spare. */
const DRAIN_BYTES_MAX = 8 * 1024 * 1024
const DRAIN_MS_MAX = 250
const END_GRACE_MS = 50

interface UnackedChunk {
  readonly lastLine: number
  readonly bytes: number
}

/**
 * Modes: reading, paused (too much is not acknowledged), draining (the child exited: acknowledgements no longer count),
 * done. Lines that come before `listen` are kept, within the same bounds.
 */
export class LineOutput {
  readonly #stdout: Readable
  readonly #splitter: LineSplitter
  readonly #linesMax: number
  readonly #bytesMax: number
  #listener: OutputListener | undefined
  #waiting: string[] = []
  #waitingFrom = 0
  #delivered = 0
  #lines = 0
  #acked = 0
  #unacked: UnackedChunk[] = []
  #unackedBytes = 0
  /** Bytes of the line that is not complete yet. */
  #openBytes = 0
  #drainedBytes: number | undefined
  #ending: 'end' | 'tooLong' | undefined
  /** What is to be told after the last waiting line, in order. */
  #after: (() => void)[] = []
  #isScheduled = false

  constructor(stdout: Readable, limits: LineOutputLimits) {
    this.#stdout = stdout
    this.#splitter = new LineSplitter(limits.lineBytesMax)
    this.#linesMax = limits.unackedLinesMax ?? UNACKED_LINES_MAX
    this.#bytesMax = limits.unackedBytesMax ?? UNACKED_BYTES_MAX
    stdout.on('data', (chunk: Buffer) => this.#take(chunk))
    stdout.once('close', () => this.#end())
    stdout.once('end', () => this.#end())
  }

  listen(listener: OutputListener): void {
    this.#listener = listener
    this.#schedule()
  }

  /** Lines up to number `n` need no room any more. */
  acknowledge(n: number): void {
    this.#acked = Math.max(this.#acked, Math.min(n, this.#lines))
    let gone = 0
    for (const chunk of this.#unacked) {
      if (chunk.lastLine > this.#acked) break
      this.#unackedBytes -= chunk.bytes
      gone++
    }
    if (gone > 0) this.#unacked.splice(0, gone)
    if (this.#stdout.isPaused() && this.#ending === undefined && !this.#isOverBudget()) this.#stdout.resume()
  }

  /**
   * To be called at the exit: reads what is still in the pipe, for at most 250 ms, because somebody else may hold its other
   * end; then the pipe is destroyed. Resolves when no line will be added any more.
   */
  drain(): Promise<void> {
    this.#drainedBytes ??= 0
    if (this.#ending !== undefined) {
      this.#stdout.destroy()
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#stdout.destroy(), DRAIN_MS_MAX)
      this.#stdout.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      this.#stdout.resume()
    })
  }

  /** Runs `tell` once every line so far was delivered; waits for a listener. */
  afterLines(tell: () => void): void {
    this.#after.push(tell)
    this.#schedule()
  }

  #take(chunk: Buffer): void {
    if (this.#ending !== undefined) return
    this.#openBytes += chunk.length
    this.#add(this.#splitter.push(chunk))
    if (this.#splitter.tooLong) return this.#refuse()
    if (this.#drainedBytes !== undefined) {
      this.#drainedBytes += chunk.length
      if (this.#drainedBytes > DRAIN_BYTES_MAX) this.#stdout.destroy()
    } else if (this.#isOverBudget()) {
      this.#stdout.pause()
    }
    if (!this.#isScheduled) this.#deliver()
  }

  #add(lines: readonly string[]): void {
    if (lines.length === 0) return
    for (const line of lines) this.#waiting.push(line)
    this.#lines += lines.length
    this.#unacked.push({ lastLine: this.#lines, bytes: this.#openBytes })
    this.#unackedBytes += this.#openBytes
    this.#openBytes = 0
  }

  /** The rest of the stream has no meaning; reading it would only cost. The owner stops the process. */
  #refuse(): void {
    this.#ending = 'tooLong'
    this.#stdout.pause()
    this.afterLines(() => this.#listener?.onLineTooLong())
  }

  #end(): void {
    if (this.#ending !== undefined) return
    this.#ending = 'end'
    const last = this.#splitter.end()
    if (last !== undefined) this.#add([last])
    this.#schedule()
    // A process that exits closes its output a moment before: then the exit is what is told.
    setTimeout(() => {
      if (this.#drainedBytes === undefined) this.afterLines(() => this.#listener?.onOutputEnd())
    }, END_GRACE_MS)
  }

  #isOverBudget(): boolean {
    return this.#lines - this.#acked > this.#linesMax || this.#unackedBytes > this.#bytesMax
  }

  #schedule(): void {
    if (this.#isScheduled || this.#listener === undefined) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#deliver()
    })
  }

  /** One batch a turn of the loop, so that other sessions and requests get theirs. */
  #deliver(): void {
    if (this.#listener === undefined) return
    const lines = this.#takeBatch()
    if (lines.length > 0) {
      const first = this.#delivered + 1
      this.#delivered += lines.length
      // Before the call: a listener that throws must not stop the stream.
      if (this.#delivered < this.#lines || this.#after.length > 0) this.#schedule()
      return this.#listener.onLines({ first, lines })
    }
    const tells = this.#after
    this.#after = []
    for (const tell of tells) tell()
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
