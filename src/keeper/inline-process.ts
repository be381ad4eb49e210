// One agent process that lives inside the gateway's own process tree: its pipes, its exit, its stop and its lease's end.
// Owns the child from the spawn to the proof that nothing of it is left. Never looks into a line.

import type { Clock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import type { ProcessLeases } from '../lease/process-leases.ts'
import type { Logger } from '../observe/logger.ts'
import { signalGroup } from '../process/birth.ts'
import type { LeasedChild } from '../process/leased-spawn.ts'
import { LineInput } from '../process/line-input.ts'
import { LineOutput } from '../process/line-output.ts'
import type { ProcessScanner } from '../process/process-scanner.ts'
import type { ExitStatus } from '../process/spawn.ts'
import { StderrRing } from '../process/stderr-ring.ts'
import { climbStopLadder, sweepTree, type LadderReport, type StopTimes } from '../process/stop-ladder.ts'
import type { AgentProcess, ProcessListener, StopReport } from './agent-host.ts'

export interface InlineProcessDeps {
  readonly leases: ProcessLeases
  readonly scanner: ProcessScanner
  readonly clock: Clock
  readonly times: StopTimes
  readonly logger: Logger | undefined
  /** Called once, when the stop has ended: nothing is left, or `survivors` are. */
  readonly onStopped: (process: InlineProcess, report: StopReport) => void
}

const RECORD_MS_MAX = 5_000

/** Modes: running; then stopping, by `stop` or because the root exited; then stopped, closed or stuck. None goes back. */
export class InlineProcess implements AgentProcess {
  readonly leaseId: number
  readonly pid: number
  readonly startedAt: number
  readonly acknowledged = 0
  readonly isRetiring = false
  readonly #leased: LeasedChild
  readonly #deps: InlineProcessDeps
  readonly #input: LineInput
  readonly #output: LineOutput
  readonly #stderr = new StderrRing()
  readonly #written = new Set<string>()
  readonly #drained: Promise<void>
  #listener: ProcessListener | undefined
  #stopped: Promise<StopReport> | undefined
  #recording: Promise<void>

  constructor(leased: LeasedChild, lineBytesMax: number, deps: InlineProcessDeps) {
    const { child } = leased
    this.#leased = leased
    this.#deps = deps
    this.leaseId = leased.leaseId
    this.pid = child.pid
    this.startedAt = deps.clock.now()
    this.#recording = deadline(leased.recorded, { ms: RECORD_MS_MAX, stage: 'lease running' }).catch(() => undefined)
    this.#input = new LineInput(child.stdin, { clock: deps.clock, onStalled: () => this.#tellStalled() })
    this.#output = new LineOutput(child.stdout, { lineBytesMax })
    child.stderr.on('data', (chunk: Buffer) => this.#stderr.push(chunk))
    this.#drained = child.exited.then((exit) => this.#onRootExit(exit))
  }

  listen(listener: ProcessListener): void {
    this.#listener = listener
    this.#output.listen(listener)
  }

  send(line: string, frameId?: string): void {
    if (frameId !== undefined && this.#written.has(frameId)) return
    if (frameId !== undefined) this.#written.add(frameId)
    this.#input.send(line)
  }

  wasWritten(frameId: string): boolean {
    return this.#written.has(frameId)
  }

  /** What the group of the root holds is gone at once; what left it is for the next start. */
  killNow(): void {
    const { birth } = this.#leased.child
    if (birth !== undefined) signalGroup(birth, 'SIGKILL')
  }

  acknowledge(n: number): void {
    this.#output.acknowledge(n)
  }

  stderrTail(): string {
    return this.#stderr.tail()
  }

  stop(): Promise<StopReport> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Another sweep for survivors of the first. True, and the lease is closed, when nothing is left. Never rejects. */
  async sweepAgain(): Promise<boolean> {
    const { survivors } = await sweepTree(this.#leased, this.#deps.scanner, this.#deps.times.sweepMs)
    if (survivors.length > 0) return false
    await this.#record('closed', describeExit(this.#leased.child.exit()))
    return true
  }

  async #stop(): Promise<StopReport> {
    const { child, owner } = this.#leased
    if (child.exit() === undefined) void this.#record('stopping')
    const target = { child, owner, endInput: () => this.#input.end() }
    const report = await climbStopLadder(target, this.#deps.scanner, this.#deps.times)
    if (report.exit !== undefined) await this.#drained
    await this.#settle(report)
    this.#deps.onStopped(this, report)
    return report
  }

  /** The tree of a root that exited is swept and its lease closed, whether or not anybody asks for a stop. */
  async #onRootExit(exit: ExitStatus): Promise<void> {
    void this.stop()
    this.#input.destroy()
    await this.#output.drain()
    this.#leased.child.stderr.destroy()
    this.#output.afterLines(() => this.#listener?.onExit(exit))
  }

  async #settle({ survivors, exit }: LadderReport): Promise<void> {
    if (survivors.length === 0) return this.#record('closed', describeExit(exit))
    this.#deps.logger?.error({ leaseId: this.leaseId, pid: this.pid, survivors }, 'agent processes could not be ended')
    await this.#record('stuck')
  }

  #tellStalled(): void {
    this.#output.afterLines(() => this.#listener?.onWriteStalled())
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

function describeExit(exit: ExitStatus | undefined): string {
  if (exit === undefined) return 'unknown'
  return exit.signal === null ? `code ${exit.code}` : `signal ${exit.signal}`
}
