// stdin of one child: lines in, in order, with a bound on what a process that does not read may make us keep.
// Owns the stream's errors. In the common case a line is one plain write.

import type { Writable } from 'node:stream'

import type { Clock, Timer } from '../base/clock.ts'
import { startPatientTimer } from '../base/patient-timer.ts'

/**
 * Why nothing more can be written. `stalled`: too much waited for too long, or far too much at once. `closed`: nobody has the other end any
 * more (EPIPE, ECONNRESET); the process closed it, or is gone, and then its exit tells more.
 */
export type InputLoss = 'stalled' | 'closed'

export interface LineInputOptions {
  readonly clock: Clock
  /** Called at most once, and not for an end that was asked for. */
  readonly onInputLost: (why: InputLoss) => void
  /** A stall: more than this waits … */
  readonly waitingBytesMax?: number
  /** … for so long. */
  readonly stallMs?: number
}

const WAITING_BYTES_MAX = 1024 * 1024
const STALL_MS = 30_000
/** Beyond this nothing is kept, whatever the clock says. */
const HARD_BYTES_MAX = 64 * 1024 * 1024

/** Modes: open; lost or ended, both for ever: lines are dropped then, and the owner ends the process. */
export class LineInput {
  readonly #stdin: Writable
  readonly #options: LineInputOptions
  readonly #waitingBytesMax: number
  #timer: Timer | undefined
  #isOpen = true

  constructor(stdin: Writable, options: LineInputOptions) {
    this.#stdin = stdin
    this.#options = options
    this.#waitingBytesMax = options.waitingBytesMax ?? WAITING_BYTES_MAX
    stdin.on('error', () => this.#lose('closed'))
    stdin.once('close', () => this.#lose('closed'))
    stdin.on('drain', () => this.#disarm())
  }

  /** Queues one line: text gets its terminator, bytes have it. A no-op when the stream has ended. */
  send(line: string | Buffer): void {
    if (!this.#isOpen || !this.#stdin.writable) return
    this.#stdin.write(typeof line === 'string' ? `${line}\n` : line)
    const waiting = this.#stdin.writableLength
    if (waiting <= this.#waitingBytesMax) return
    if (waiting > HARD_BYTES_MAX) return this.#lose('stalled')
    this.#timer ??= this.#arm()
  }

  /** Ends the stream after what is queued; the polite request to exit. */
  end(): void {
    this.#close()
    if (!this.#stdin.writableEnded && !this.#stdin.destroyed) this.#stdin.end()
  }

  /** Gives up what is queued. */
  destroy(): void {
    this.#close()
    this.#stdin.destroy()
  }

  #arm(): Timer {
    const { clock, stallMs = STALL_MS } = this.#options
    return startPatientTimer(clock, clock.now() + stallMs, () => {
      this.#timer = undefined
      if (this.#isOpen && this.#stdin.writableLength > this.#waitingBytesMax) this.#lose('stalled')
    })
  }

  #lose(why: InputLoss): void {
    if (!this.#isOpen) return
    this.#close()
    this.#options.onInputLost(why)
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #close(): void {
    this.#isOpen = false
    this.#disarm()
  }
}
