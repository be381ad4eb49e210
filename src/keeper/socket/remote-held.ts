// One process in a keeper, as seen from the gateway: calls become frames, frames become what its reader is told.
// Owns the copies of what the keeper has said about it. Nothing is decided here.

import { FrameMemory } from '../held/frame-memory.ts'
import {
  broken,
  decodeJsonBody,
  decodeLinesBody,
  encodeFrame,
  encodeJson,
  encodeNumber,
  encodeSend,
  FRAME,
} from './frames.ts'
import type { StopReport } from '../agent-host.ts'
import type { Held, HeldLabel, HeldReader } from '../holder.ts'
import type { PinnedLine } from '../held/pinned-lines.ts'
import { readExit, readStopReport, type HeldFacts } from './keeper-answers.ts'

export interface RemoteHeldPorts {
  write(frames: readonly Buffer[]): void
  /** See AgentProcess. */
  flushed(): Promise<boolean>
  onForgotten(held: RemoteHeld): void
  /** `flush` is to be called soon: an acknowledgement wakes the keeper, and nothing hurries. */
  acknowledgeSoon(held: RemoteHeld): void
}

/** A quarter of the keeper's window. */
const ACK_LINES = 256
const ACK_BYTES = 256 * 1024

/** Its stop is told to a reader only, even to one that wants nothing else. */
const NOBODY: HeldReader = {
  onLines: () => {},
  onOutputEnd: () => {},
  onExit: () => {},
  onInputLost: () => {},
  onStopped: () => {},
  onLost: () => {},
}

/** Modes: held; lost (the keeper is gone, nothing is told any more); forgotten. */
export class RemoteHeld implements Held {
  readonly leaseId: number
  readonly pid: number
  readonly startTicks: string | undefined
  readonly startedAt: number
  label: HeldLabel
  readonly pinned: readonly PinnedLine[]
  readonly #ports: RemoteHeldPorts
  readonly #frames: FrameMemory
  readonly #stopped = Promise.withResolvers<StopReport>()
  #acknowledged: number
  /** The last number that the keeper was told, and what came since. */
  #flushed: number
  #unflushedBytes = 0
  #stderr: string
  #reader: HeldReader | undefined
  #isLost = false

  constructor(facts: HeldFacts, ports: RemoteHeldPorts) {
    this.leaseId = facts.leaseId
    this.pid = facts.pid
    this.startTicks = facts.startTicks
    this.startedAt = facts.startedAt
    this.label = facts.label
    this.pinned = facts.pinned
    this.#acknowledged = facts.acknowledged
    this.#flushed = facts.acknowledged
    this.#frames = new FrameMemory(facts.frames)
    this.#stderr = facts.stderr
    this.#ports = ports
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  read(reader: HeldReader): void {
    this.#reader = reader
    if (this.#isLost) return reader.onLost()
    this.#ports.write(encodeFrame(FRAME.read, this.leaseId))
  }

  /** Told to the keeper a little later, or at once when its window fills. Comes after every answer that was sent before. */
  acknowledge(n: number): void {
    if (n <= this.#acknowledged) return
    this.#acknowledged = n
    if (n - this.#flushed >= ACK_LINES || this.#unflushedBytes >= ACK_BYTES) this.flush()
    else this.#ports.acknowledgeSoon(this)
  }

  flush(): void {
    if (this.#flushed === this.#acknowledged) return
    this.#flushed = this.#acknowledged
    this.#unflushedBytes = 0
    this.#ports.write(encodeNumber(FRAME.acknowledge, this.leaseId, this.#acknowledged))
  }

  send(line: string, frameId: string | undefined): void {
    if (frameId !== undefined && !this.#frames.add(frameId)) return
    this.#ports.write(encodeSend(this.leaseId, line, frameId))
  }

  flushed(): Promise<boolean> {
    return this.#ports.flushed()
  }

  wasWritten(frameId: string): boolean {
    return this.#frames.has(frameId)
  }

  /** At once, and so before every acknowledgement that comes after it. */
  pin(line: number, frameId: string): void {
    this.#ports.write(encodeJson(FRAME.pin, this.leaseId, { line, frameId }))
  }

  stderrTail(): string {
    return this.#stderr
  }

  relabel(label: HeldLabel): void {
    this.label = label
    this.#ports.write(encodeJson(FRAME.relabel, this.leaseId, label))
  }

  stop(): Promise<StopReport> {
    this.#ports.write(encodeFrame(FRAME.stop, this.leaseId))
    return this.#stopped.promise
  }

  /** The keeper kills all of them with one frame. */
  killNow(): void {}

  forget(): void {
    this.#reader = undefined
    this.#ports.write(encodeFrame(FRAME.forget, this.leaseId))
    this.#ports.onForgotten(this)
  }

  /** Nobody wants it: stopped, then forgotten. */
  abandon(): void {
    this.read(NOBODY)
    void this.stop().then(() => this.forget())
  }

  /** The keeper is gone. */
  lose(): void {
    this.#isLost = true
    this.#reader?.onLost()
  }

  /** One frame of the keeper about this process. Throws KEEPER_PROTOCOL_ERROR. */
  take(kind: number, body: Buffer): void {
    switch (kind) {
      case FRAME.lines:
        this.#unflushedBytes += body.length
        return this.#reader?.onLines(decodeLinesBody(body))
      case FRAME.outputEnd:
        return this.#reader?.onOutputEnd(decodeJsonBody(body)['why'] === 'tooLong' ? 'tooLong' : 'end')
      case FRAME.exit:
        return this.#reader?.onExit(readExit(decodeJsonBody(body)))
      case FRAME.inputLost:
        return this.#reader?.onInputLost(decodeJsonBody(body)['why'] === 'closed' ? 'closed' : 'stalled')
      case FRAME.stderr:
        this.#stderr = body.toString('utf8')
        return
      case FRAME.stopped: {
        const report = readStopReport(decodeJsonBody(body))
        this.#stopped.resolve(report)
        return this.#reader?.onStopped(report)
      }
      default:
        throw broken(`a frame of kind ${kind}`)
    }
  }
}
