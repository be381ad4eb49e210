// One terminal as the gateway's logic sees it: its newest output, its exit, its end.
// Owns a copy of that output. The same bytes stay unacknowledged with the holder, so that the next life of the gateway has them.

import { deadline } from '../../base/deadline.ts'
import { ByteRing } from '../../process/byte-ring.ts'
import type { ProcessExit, StopReport } from '../agent-host.ts'
import { HeldEnd, LEFT_ALONE, type HeldEndDeps } from './held-end.ts'
import type { Held, HeldReader, TerminalLabel } from '../holder.ts'
import { LOST_EXIT } from './hosted-process.ts'
import type { NumberedLines } from '../held/output-spool.ts'
import type { Terminal, TerminalOutput } from '../held/terminal.ts'

export interface HostedTerminalDeps extends HeldEndDeps {
  /** Called once, when nothing of it is left, or `survivors` are. Its output may still be asked for. */
  readonly onStopped: (terminal: HostedTerminal, report: StopReport) => void
  /** Called once: the holder may forget it. */
  readonly onReleased: () => void
}

const LAST_OUTPUT = { ms: 2_000, stage: 'last output of a terminal' }

export class HostedTerminal implements Terminal, HeldReader {
  readonly leaseId: number
  readonly line: number
  readonly held: Held
  readonly #deps: HostedTerminalDeps
  readonly #end: HeldEnd
  readonly #outputBytesMax: number
  readonly #ring: ByteRing
  /** An earlier life let go of what came before. */
  readonly #isCut: boolean
  readonly #exited = Promise.withResolvers<ProcessExit>()
  #tell: () => void = () => {}
  #exit: ProcessExit | undefined
  #stopped: Promise<StopReport> | undefined
  #released: Promise<StopReport> | undefined

  /** `recorded`: later steps of the lease come after it. */
  constructor(held: Held, { line, outputBytesMax }: TerminalLabel, recorded: Promise<void>, deps: HostedTerminalDeps) {
    this.held = held
    this.leaseId = held.leaseId
    this.line = line
    this.#deps = deps
    this.#end = new HeldEnd(held, recorded, deps)
    this.#outputBytesMax = outputBytesMax
    this.#ring = new ByteRing(outputBytesMax)
    this.#isCut = held.acknowledged > 0
    held.read(this)
  }

  get exit(): ProcessExit | undefined {
    return this.#exit
  }

  get exited(): Promise<ProcessExit> {
    return this.#exited.promise
  }

  /** A cut is at the beginning, and not within a character (C-63). */
  read(): TerminalOutput {
    const isTruncated = this.#isCut || this.#ring.droppedBytes > 0
    const bytes = this.#ring.newest()
    const text = bytes.toString('utf8', isTruncated ? firstOfCharacter(bytes, 0) : 0)
    const over = Buffer.byteLength(text) - this.#outputBytesMax
    if (over <= 0) return { text, isTruncated }
    // What was not UTF-8 is longer as text.
    const long = Buffer.from(text)
    return { text: long.toString('utf8', firstOfCharacter(long, over)), isTruncated: true }
  }

  watch(tell: () => void): void {
    this.#tell = tell
  }

  killNow(): void {
    this.held.killNow()
  }

  stop(): Promise<StopReport> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  release(): Promise<StopReport> {
    this.#released ??= this.#release()
    return this.#released
  }

  // What the holder tells ------------------------------------------------------------------------------------------

  onLines({ first, count, bytes }: NumberedLines): void {
    this.#ring.push(bytes)
    const fallenOut = first + count - 1 - this.#outputBytesMax
    if (fallenOut > 0) this.held.acknowledge(fallenOut)
    this.#tell()
  }

  onExit(exit: ProcessExit): void {
    this.#exit ??= exit
    this.#exited.resolve(exit)
    void this.stop()
  }

  onStopped(): void {
    void this.stop()
  }

  onLost(): void {
    this.#end.lose()
    this.onExit(LOST_EXIT)
  }

  /** A terminal has no input that could stall, and its exit is its end. */
  onOutputEnd(): void {}
  onInputLost(): void {}

  // -----------------------------------------------------------------------------------------------------------------

  async #stop(): Promise<StopReport> {
    const report = await this.#end.stop()
    if (report === LEFT_ALONE) return report
    // The exit is told after the last output; who waits for it must not wait for ever.
    const told =
      report.exit === undefined ? LOST_EXIT : await deadline(this.exited, LAST_OUTPUT).catch(() => report.exit)
    this.onExit(told ?? LOST_EXIT)
    this.#deps.onStopped(this, report)
    return report
  }

  async #release(): Promise<StopReport> {
    const report = await this.stop()
    if (this.#deps.left.aborted) return report
    this.held.forget()
    this.#deps.onReleased()
    return report
  }
}

/** The first byte from `at` on that is not the rest of a character. */
function firstOfCharacter(bytes: Buffer, at: number): number {
  let from = at
  while (from < at + 3 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++
  return from
}
