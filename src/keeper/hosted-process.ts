// One agent process as the gateway's logic sees it: what its holder tells, decoded and in order, and the steps of its lease.
// Owns the lease row from `running` to its end. The pipes are the holder's.

import { deadline, firstOf } from '../base/deadline.ts'
import type { ProcessLeases } from '../lease/process-leases.ts'
import type { Logger } from '../observe/logger.ts'
import type { AgentProcess, ProcessExit, ProcessListener, StopReport } from './agent-host.ts'
import type { Held, HeldReader } from './holder.ts'
import { LineDelivery } from './line-delivery.ts'
import type { NumberedLines } from './output-spool.ts'

export interface HostedProcessDeps {
  readonly leases: ProcessLeases
  readonly logger: Logger | undefined
  readonly isRetiring: boolean
  /** What a stop may take before the holder counts as hung. */
  readonly stopMsMax: number
  /** Ends the tree without its holder: by tag, marker and the root's birth identity. Never rejects. */
  sweep(): Promise<Pick<StopReport, 'swept' | 'survivors'>>
  /** Called once, when the stop has ended: nothing is left, or `survivors` are. */
  readonly onStopped: (process: HostedProcess, report: StopReport) => void
}

const RECORD_MS_MAX = 5_000
const LOST_EXIT: ProcessExit = { code: null, signal: null }

/** Modes: running; then stopping, by `stop`, by its own exit or by the loss of its holder; then stopped. None goes back. */
export class HostedProcess implements AgentProcess, HeldReader {
  readonly leaseId: number
  readonly pid: number
  readonly startedAt: number
  readonly acknowledged: number
  readonly held: Held
  readonly #deps: HostedProcessDeps
  readonly #delivery: LineDelivery
  readonly #lost = Promise.withResolvers<void>()
  #listener: ProcessListener | undefined
  #stopped: Promise<StopReport> | undefined
  #recording: Promise<void>

  /** `recorded`: later steps of the lease come after it. */
  constructor(held: Held, recorded: Promise<void>, deps: HostedProcessDeps) {
    this.held = held
    this.#deps = deps
    this.leaseId = held.leaseId
    this.pid = held.pid
    this.startedAt = held.startedAt
    this.acknowledged = held.acknowledged
    this.#recording = deadline(recorded, { ms: RECORD_MS_MAX, stage: 'lease running' }).catch(() => undefined)
    this.#delivery = new LineDelivery(held.acknowledged, (batch) => this.#listener?.onLines(batch))
    held.read(this)
  }

  get isRetiring(): boolean {
    return this.#deps.isRetiring
  }

  listen(listener: ProcessListener): void {
    this.#listener = listener
    this.#delivery.open()
  }

  send(line: string, frameId?: string): void {
    this.held.send(line, frameId)
  }

  wasWritten(frameId: string): boolean {
    return this.held.wasWritten(frameId)
  }

  acknowledge(n: number): void {
    this.held.acknowledge(n)
  }

  stderrTail(): string {
    return this.held.stderrTail()
  }

  killNow(): void {
    this.held.killNow()
  }

  stop(): Promise<StopReport> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  // What the holder tells ------------------------------------------------------------------------------------------

  onLines(lines: NumberedLines): void {
    this.#delivery.push(lines)
  }

  onOutputEnd(why: 'end' | 'tooLong'): void {
    this.#delivery.afterLines(() => {
      if (why === 'end') this.#listener?.onOutputEnd()
      else this.#listener?.onLineTooLong()
    })
  }

  onExit(exit: ProcessExit): void {
    void this.stop()
    this.#delivery.afterLines(() => this.#listener?.onExit(exit))
  }

  onStalled(): void {
    this.#delivery.afterLines(() => this.#listener?.onWriteStalled())
  }

  /** The tree was swept although nobody asked, because its root exited. */
  onStopped(): void {
    void this.stop()
  }

  onLost(): void {
    this.#lost.resolve()
    this.onExit(LOST_EXIT)
  }

  // -----------------------------------------------------------------------------------------------------------------

  async #stop(): Promise<StopReport> {
    const startedAt = performance.now()
    void this.#record('stopping')
    const report = (await this.#stopByHolder()) ?? (await this.#stopBySweep(startedAt))
    await this.#settle(report)
    this.held.forget()
    this.#deps.onStopped(this, report)
    return report
  }

  /** Undefined when the holder is gone, or hung: then the tree is ended without it. */
  async #stopByHolder(): Promise<StopReport | undefined> {
    const lost = this.#lost.promise.then(() => undefined)
    try {
      const ms = this.#deps.stopMsMax
      return await deadline(firstOf([this.held.stop(), lost]), { ms, stage: 'stop by the keeper' })
    } catch (err) {
      this.#deps.logger?.error({ leaseId: this.leaseId, err }, 'the keeper does not stop an agent')
      return undefined
    }
  }

  async #stopBySweep(startedAt: number): Promise<StopReport> {
    const { swept, survivors } = await this.#deps.sweep()
    return { forced: true, swept, survivors, ms: Math.round(performance.now() - startedAt), exit: undefined }
  }

  async #settle({ survivors, exit }: StopReport): Promise<void> {
    if (survivors.length === 0) return this.#record('closed', describeExit(exit))
    this.#deps.logger?.error({ leaseId: this.leaseId, pid: this.pid, survivors }, 'agent processes could not be ended')
    await this.#record('stuck')
  }

  /** Steps of the lease in order. Containment never waits long for the store and never fails because of it. */
  #record(state: 'stopping' | 'closed' | 'stuck', exit = ''): Promise<void> {
    this.#recording = this.#recordAfter(this.#recording, state, exit)
    return this.#recording
  }

  async #recordAfter(previous: Promise<void>, state: 'stopping' | 'closed' | 'stuck', exit: string): Promise<void> {
    await previous
    try {
      await deadline(this.#deps.leases[state](this.leaseId, exit), { ms: RECORD_MS_MAX, stage: `lease ${state}` })
    } catch (err) {
      this.#deps.logger?.warn({ leaseId: this.leaseId, state, err }, 'lease could not be updated')
    }
  }
}

function describeExit(exit: ProcessExit | undefined): string {
  if (exit === undefined) return 'unknown'
  return exit.signal === null ? `code ${exit.code}` : `signal ${exit.signal}`
}
