// One reader of a held process on the other side of the socket: everything it is told becomes frames, in order.
// Owns the timer that keeps its copy of the stderr tail fresh.

import type { Clock, Timer } from '../../base/clock.ts'
import type { ProcessExit, StopReport } from '../agent-host.ts'
import { encodeFrame, encodeJson, encodeLines, FRAME } from './frames.ts'
import type { HeldProcess } from '../held/held-process.ts'
import type { HeldReader } from '../holder.ts'
import type { InputLoss } from '../../process/line-input.ts'
import type { NumberedLines } from '../held/output-spool.ts'

/** The tail is sent at most so often while it changes, and always before what it may explain. */
const STDERR_EVERY_MS = 50

export class SocketReader implements HeldReader, Disposable {
  readonly #process: HeldProcess
  readonly #clock: Clock
  readonly #write: (frames: readonly Buffer[]) => void
  readonly #unwatch: () => void
  #sentTail = ''
  #timer: Timer | undefined

  constructor(process: HeldProcess, clock: Clock, write: (frames: readonly Buffer[]) => void) {
    this.#process = process
    this.#clock = clock
    this.#write = write
    this.#unwatch = process.watchStderr(() => this.#stderrChanged())
  }

  onLines(lines: NumberedLines): void {
    this.#write(encodeLines(this.#process.leaseId, lines))
  }

  onOutputEnd(why: 'end' | 'tooLong'): void {
    this.#tell(FRAME.outputEnd, { why })
  }

  onExit(exit: ProcessExit): void {
    this.#tell(FRAME.exit, exit)
  }

  onInputLost(why: InputLoss): void {
    this.#tell(FRAME.inputLost, { why })
  }

  onStopped(report: StopReport): void {
    this.#tell(FRAME.stopped, report)
  }

  /** The socket ends with the keeper: there is nobody to tell. */
  onLost(): void {}

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    this.#unwatch()
  }

  #tell(kind: number, value: object): void {
    this.#sendTail()
    this.#write(encodeJson(kind, this.#process.leaseId, value))
  }

  #stderrChanged(): void {
    this.#timer ??= this.#clock.at(this.#clock.now() + STDERR_EVERY_MS, () => this.#sendTail())
  }

  #sendTail(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const tail = this.#process.stderrTail()
    if (tail === this.#sentTail) return
    this.#sentTail = tail
    this.#write(encodeFrame(FRAME.stderr, this.#process.leaseId, Buffer.from(tail)))
  }
}
