// One agent process or terminal, held: its pipes, its numbered output until somebody has stored it, its stop and the sweep of its tree.
// The same in the gateway (inline) and in a keeper. Knows no lease rows, no sessions, and never looks into a line.

import type { Clock } from '../../base/clock.ts'
import { signalGroup } from '../../process/signals.ts'
import type { Enclosure } from '../../process/enclosure.ts'
import { FramedOutput, type ChildOutput } from '../../process/framed-output.ts'
import { LineInput, type InputLoss } from '../../process/line-input.ts'
import { MergedOutput } from '../../process/merged-output.ts'
import type { ProcessScanner } from '../../process/process-scanner.ts'
import type { Child, ExitStatus } from '../../process/spawn.ts'
import { StderrRing } from '../../process/stderr-ring.ts'
import { climbStopLadder, type StopTimes } from '../../process/stop-ladder.ts'
import type { Ownership } from '../../process/tag-value.ts'
import type { ProcessExit, StopReport } from '../agent-host.ts'
import { decodeLines, type FramedLines } from '../../base/line-framer.ts'
import { redactSecrets } from '../../base/redact.ts'
import { FrameMemory } from './frame-memory.ts'
import type { Held, HeldLabel, HeldReader, SpawnOrder } from '../holder.ts'
import { OutputSpool, type NumberedLines } from './output-spool.ts'
import { PinnedLines, type PinnedLine } from './pinned-lines.ts'

export interface HeldProcessDeps {
  readonly clock: Clock
  readonly scanner: Pick<ProcessScanner, 'scan'>
  readonly times: StopTimes
  /** What stands around its tree; disposed of when the stop has ended. */
  readonly enclosure: Enclosure
  readonly limits: OutputLimits
  /** Where lines go that nobody reads; undefined: they stay in memory, within the same bounds. */
  readonly spoolPath: string | undefined
  readonly onForgotten: (process: HeldProcess) => void
}

export interface OutputLimits {
  /** With a reader: at most so much is told and not acknowledged, and the agent waits while more is there. */
  readonly windowLines: number
  readonly windowBytes: number
  /** Without a reader: so much is kept in memory, the rest in the spool's file … */
  readonly memoryBytesMax: number
  /** … up to this; then the agent waits. Nothing is lost. */
  readonly spoolBytesMax: number
}

export const OUTPUT_LIMITS: OutputLimits = {
  windowLines: 1_024,
  windowBytes: 1024 * 1024,
  memoryBytesMax: 256 * 1024,
  spoolBytesMax: 64 * 1024 * 1024,
}

/** The last lines of a process that exited do not wait for acknowledgements; more than this may do so. */
const LAST_BYTES_MAX = 16 * 1024 * 1024

/** A process that exits closes its output a moment before: then the exit is what is told. */
const END_GRACE_MS = 50

/** Modes: running; stopping, by `stop` or because the root exited; stopped; forgotten. None goes back. With or without a reader. */
export class HeldProcess implements Held {
  readonly leaseId: number
  readonly pid: number
  readonly startTicks: string | undefined
  readonly startedAt: number
  label: HeldLabel
  readonly #child: Child
  readonly #owner: Ownership
  readonly #deps: HeldProcessDeps
  readonly #input: LineInput
  readonly #output: ChildOutput
  readonly #spool: OutputSpool
  readonly #frames = new FrameMemory()
  readonly #pins = new PinnedLines()
  readonly #stderr = new StderrRing()
  readonly #drained: Promise<void>
  #reader: HeldReader | undefined
  /** Number of the last line that this reader was told, and all bytes up to it. */
  #told = 0
  #toldBytes = 0
  #hasToldEnd = false
  #hasToldExit = false
  #ending: 'end' | 'tooLong' | undefined
  #isUnreadable = false
  #exit: ProcessExit | undefined
  #inputLoss: InputLoss | undefined
  #stopped: Promise<StopReport> | undefined
  #report: StopReport | undefined

  constructor(child: Child, owner: Ownership, order: SpawnOrder, deps: HeldProcessDeps) {
    const { leaseId, sessionId, generation, agent, terminal, lineBytesMax } = order
    this.#child = child
    this.#owner = owner
    this.#deps = deps
    this.leaseId = leaseId
    this.pid = child.pid
    this.startTicks = child.birth?.startTicks
    this.startedAt = deps.clock.now()
    this.label = { sessionId, generation, agent, terminal }
    this.#spool = new OutputSpool(deps.spoolPath, terminal !== undefined)
    this.#input = new LineInput(child.stdin, { clock: deps.clock, onInputLost: (why) => this.#onInputLost(why) })
    this.#output = terminal === undefined ? this.#readLines(lineBytesMax) : this.#readBytes()
    this.#drained = child.exited.then((exit) => this.#onRootExit(exit))
  }

  get acknowledged(): number {
    return this.#spool.acknowledged
  }

  get exit(): ProcessExit | undefined {
    return this.#exit
  }

  get report(): StopReport | undefined {
    return this.#report
  }

  /** Names of the newest frames, oldest first. */
  get frames(): readonly string[] {
    return this.#frames.list()
  }

  read(reader: HeldReader): void {
    this.#reader = reader
    this.#told = this.#spool.acknowledged
    this.#toldBytes = this.#spool.freedBytes
    this.#hasToldEnd = false
    this.#hasToldExit = false
    if (this.#inputLoss !== undefined) reader.onInputLost(this.#inputLoss)
    this.#advance()
    if (this.#report !== undefined) reader.onStopped(this.#report)
  }

  /** Nobody reads any more: what comes is kept for the next reader. */
  unread(): void {
    this.#reader = undefined
    this.#regulate()
  }

  acknowledge(n: number): void {
    this.#spool.acknowledge(n)
    this.#advance()
  }

  send(line: string | Buffer, frameId: string | undefined): void {
    if (frameId !== undefined && !this.#frames.add(frameId)) return
    if (frameId !== undefined) this.#pins.settle(frameId)
    this.#input.send(line)
  }

  /** Its pipes end with this process, and it with them. */
  flushed(): Promise<boolean> {
    return Promise.resolve(true)
  }

  get pinned(): readonly PinnedLine[] {
    return this.#pins.list()
  }

  pin(line: number, frameId: string): void {
    const lines = this.#frames.has(frameId) ? undefined : this.#spool.read(line - 1)
    const text = lines === undefined ? undefined : decodeLines(lines.bytes)[line - lines.first]
    if (text !== undefined) this.#pins.add({ line, frameId, text })
  }

  wasWritten(frameId: string): boolean {
    return this.#frames.has(frameId)
  }

  stderrTail(): string {
    return redactSecrets(this.#stderr.tail())
  }

  /** Tells when stderr has something new, for who keeps a copy of the tail elsewhere. Gives back how to stop it. */
  watchStderr(listener: () => void): () => void {
    this.#child.stderr.on('data', listener)
    return () => void this.#child.stderr.off('data', listener)
  }

  relabel(label: HeldLabel): void {
    this.label = label
  }

  stop(): Promise<StopReport> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  killNow(): void {
    const { birth } = this.#child
    if (birth !== undefined) signalGroup(birth, 'SIGKILL')
  }

  forget(): void {
    this.#reader = undefined
    this.#spool.close()
    this.#deps.onForgotten(this)
  }

  #readLines(lineBytesMax: number): ChildOutput {
    const { stdout, stderr } = this.#child
    stderr.on('data', (chunk: Buffer) => this.#stderr.push(chunk))
    return new FramedOutput(stdout, lineBytesMax, {
      onLines: (lines) => this.#keep(lines),
      onEnd: (why) => this.#onOutputEnd(why),
    })
  }

  /** A terminal has no input, and its end is its exit. */
  #readBytes(): ChildOutput {
    const { stdout, stderr } = this.#child
    this.#input.end()
    return new MergedOutput([stdout, stderr], (bytes) => this.#keep({ count: bytes.length, bytes }))
  }

  #keep(lines: FramedLines): void {
    this.#spool.add(lines, this.#reader === undefined ? this.#deps.limits.memoryBytesMax : Infinity)
    this.#advance()
  }

  async #stop(): Promise<StopReport> {
    const { enclosure, scanner, times } = this.#deps
    const target = { child: this.#child, owner: this.#owner, endInput: () => this.#input.end(), enclosure }
    const report = await climbStopLadder(target, scanner, times)
    await enclosure.dispose()
    if (report.exit !== undefined) await this.#drained
    this.#report = report
    this.#reader?.onStopped(report)
    return report
  }

  /** The tree of a root that exited is swept, whether or not anybody asks for a stop. */
  async #onRootExit(status: ExitStatus): Promise<void> {
    const memoryKills = this.#deps.enclosure.memoryKills()
    void this.stop()
    this.#input.destroy()
    await this.#output.drain()
    this.#child.stderr.destroy()
    this.#exit = memoryKills > 0 ? { ...status, memoryKills } : status
    this.#advance()
  }

  #onOutputEnd(why: 'end' | 'tooLong'): void {
    if (why === 'tooLong') return this.#setEnding(why)
    const { clock } = this.#deps
    clock.at(clock.now() + END_GRACE_MS, () => this.#setEnding(why))
  }

  #setEnding(why: 'end' | 'tooLong'): void {
    this.#ending = why
    this.#advance()
  }

  /** A process that exits closes its stdin, too; then it is stopped as well, and the exit is what is told. */
  #onInputLost(why: InputLoss): void {
    if (why === 'stalled') return this.#tellInputLoss(why)
    const { clock } = this.#deps
    clock.at(clock.now() + END_GRACE_MS, () => {
      if (this.#stopped === undefined) this.#tellInputLoss(why)
    })
  }

  #tellInputLoss(why: InputLoss): void {
    this.#inputLoss = why
    this.#reader?.onInputLost(why)
  }

  /** A spool that cannot be read ends its own process only: what follows the gap would be torn. */
  #readSpool(): NumberedLines | undefined {
    if (this.#isUnreadable) return undefined
    try {
      return this.#spool.read(this.#told)
    } catch {
      this.#isUnreadable = true
      void this.stop()
      return undefined
    }
  }

  /** Tells the reader what it may be told now: lines up to the window, and after the last one how it ended. */
  #advance(): void {
    const reader = this.#reader
    while (reader !== undefined && reader === this.#reader && this.#hasRoom()) {
      const lines = this.#readSpool()
      if (lines === undefined) break
      this.#told = lines.first + lines.count - 1
      this.#toldBytes += lines.bytes.length
      reader.onLines(lines)
    }
    this.#regulate()
    if (reader === undefined || reader !== this.#reader) return
    if (this.#told < this.#spool.lines && !this.#isUnreadable) return
    const isEnd = this.#ending === 'tooLong' || (this.#ending === 'end' && this.#exit === undefined)
    if (this.#ending !== undefined && isEnd && !this.#hasToldEnd) {
      this.#hasToldEnd = true
      reader.onOutputEnd(this.#ending)
    }
    if (this.#exit !== undefined && !this.#hasToldExit) {
      this.#hasToldExit = true
      reader.onExit(this.#exit)
    }
  }

  /** One told segment may pass the window; the next waits for an acknowledgement. */
  #hasRoom(): boolean {
    const { windowLines, windowBytes } = this.#deps.limits
    const { acknowledged, freedBytes } = this.#spool
    if (this.#told <= acknowledged) return true
    if (this.#exit !== undefined) return this.#toldBytes - freedBytes < LAST_BYTES_MAX
    return this.#told - acknowledged < windowLines && this.#toldBytes - freedBytes < windowBytes
  }

  #regulate(): void {
    const { windowLines, windowBytes, spoolBytesMax } = this.#deps.limits
    const { bytes, lines, acknowledged } = this.#spool
    const isFull =
      this.#reader === undefined ? bytes > spoolBytesMax : bytes > windowBytes || lines - acknowledged > windowLines
    if (isFull) this.#output.pause()
    else this.#output.resume()
  }
}
