// One agent process as the gateway's logic sees it: what its holder tells, decoded and in order. The pipes are the holder's.

import type { LocalProcess, ProcessExit, ProcessListener, StopReport } from '../agent-host.ts'
import { HeldEnd, LEFT_ALONE, type HeldEndDeps } from './held-end.ts'
import type { Held, HeldReader } from '../holder.ts'
import { LastLines } from '../held/last-lines.ts'
import { LineDelivery } from './line-delivery.ts'
import type { NumberedLines } from '../held/output-spool.ts'
import type { InputLoss } from '../../process/line-input.ts'
import type { PinnedLine } from '../held/pinned-lines.ts'

export interface HostedProcessDeps extends HeldEndDeps {
  readonly isRetiring: boolean
  /** Called once, when the stop has ended: nothing is left, or `survivors` are. */
  readonly onStopped: (process: HostedProcess, report: StopReport) => void
  /** Called once after that, when the holder keeps nothing of it any more. */
  readonly onForgotten: () => void
}

/** How a process ended whose holder is gone. */
export const LOST_EXIT: ProcessExit = { code: null, signal: null }

/** Modes: running; then stopping, by `stop`, by its own exit or by the loss of its holder; then stopped. None goes back. */
export class HostedProcess implements LocalProcess, HeldReader {
  readonly leaseId: number
  readonly pid: number
  readonly startedAt: number
  readonly acknowledged: number
  readonly held: Held
  readonly #deps: HostedProcessDeps
  readonly #end: HeldEnd
  readonly #delivery: LineDelivery
  readonly #lastLines: LastLines
  #hasExited = false
  #listener: ProcessListener | undefined
  #stopped: Promise<StopReport> | undefined

  /** `recorded`: later steps of the lease come after it. */
  constructor(held: Held, recorded: Promise<void>, deps: HostedProcessDeps) {
    this.held = held
    this.#deps = deps
    this.leaseId = held.leaseId
    this.pid = held.pid
    this.startedAt = held.startedAt
    this.acknowledged = held.acknowledged
    this.#end = new HeldEnd(held, recorded, deps)
    this.#lastLines = new LastLines(held.acknowledged)
    this.#delivery = new LineDelivery(held.acknowledged, (batch) => this.#listener?.onLines(batch))
    held.read(this)
  }

  get isRetiring(): boolean {
    return this.#deps.isRetiring
  }

  get pinned(): readonly PinnedLine[] {
    return this.held.pinned
  }

  listen(listener: ProcessListener): void {
    this.#listener = listener
    this.#delivery.open()
  }

  send(line: string, frameId?: string): void {
    this.held.send(line, frameId)
  }

  flushed(): Promise<boolean> {
    return this.held.flushed()
  }

  wasWritten(frameId: string): boolean {
    return this.held.wasWritten(frameId)
  }

  pin(line: number, frameId: string): void {
    this.held.pin(line, frameId)
  }

  acknowledge(n: number): void {
    this.held.acknowledge(n)
    this.#lastLines.stored(n)
  }

  stderrTail(): string {
    return this.held.stderrTail()
  }

  killNow(): void {
    this.held.killNow()
  }

  /** Its owner stops it also when it has ended by itself: an effect of what was stored about that. */
  stop(): Promise<StopReport> {
    this.#lastLines.endStored()
    return this.#begin()
  }

  // What the holder tells ------------------------------------------------------------------------------------------

  onLines(lines: NumberedLines): void {
    this.#lastLines.told(lines.first + lines.count - 1)
    this.#delivery.push(lines)
  }

  onOutputEnd(why: 'end' | 'tooLong'): void {
    this.#delivery.afterLines(() => {
      if (why === 'end') this.#listener?.onOutputEnd()
      else this.#listener?.onLineTooLong()
    })
  }

  onExit(exit: ProcessExit): void {
    // The holder of a process that has exited may be lost before it is told to forget it.
    if (this.#hasExited) return
    this.#hasExited = true
    void this.#begin()
    this.#delivery.afterLines(() => this.#listener?.onExit(exit))
    this.#lastLines.end()
  }

  onInputLost(why: InputLoss): void {
    this.#delivery.afterLines(() => this.#listener?.onInputLost(why))
  }

  /** The tree was swept although nobody asked, because its root exited. */
  onStopped(): void {
    void this.#begin()
  }

  onLost(): void {
    this.#end.lose()
    this.onExit(LOST_EXIT)
  }

  // -----------------------------------------------------------------------------------------------------------------

  #begin(): Promise<StopReport> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<StopReport> {
    const report = await this.#end.stop()
    if (report === LEFT_ALONE) return report
    this.#deps.onStopped(this, report)
    void this.#forget(report)
    return report
  }

  /** Not before its last lines and its end are stored: more of them may come only then, and the next life of the gateway may need them. */
  async #forget({ exit }: StopReport): Promise<void> {
    const { left, onForgotten } = this.#deps
    if (exit !== undefined && this.#listener !== undefined) await this.#lastLines.settled(left)
    if (left.aborted) return
    this.held.forget()
    onForgotten()
  }
}
