// An agent that somebody else runs, as the gateway's logic sees agents: one connection is one process, a message is a line.
// It has no pid, no lease and no next life: when the connection ends, so does everything that was agreed on it.

import type { HoldfastError } from '../base/errors.ts'
import { FrameMemory } from '../keeper/held/frame-memory.ts'
import type { AgentProcess, ProcessListener, StopReport } from '../keeper/agent-host.ts'
import { InboundLines } from './inbound-lines.ts'
import type { InboundLimits } from './inbound-lines.ts'
import type { Transport, TransportListener } from './transport.ts'

export interface RemoteProcessOptions {
  /** Epoch ms. */
  readonly startedAt: number
  readonly limits?: InboundLimits | undefined
  /** Called once, when the connection is gone. */
  onGone(process: RemoteProcess): void
}

/** Modes: opening (`use` was not called), open, then over: stopped by us, or lost. None goes back. */
export class RemoteProcess implements AgentProcess, TransportListener {
  readonly pid = undefined
  readonly startedAt: number
  readonly acknowledged = 0
  readonly isRetiring = false
  readonly pinned: readonly [] = []
  readonly #options: RemoteProcessOptions
  readonly #frames = new FrameMemory()
  readonly #inbound: InboundLines
  #listener: ProcessListener | undefined
  #transport: Transport | undefined
  #isOver = false
  #stopped: Promise<StopReport> | undefined

  constructor(options: RemoteProcessOptions) {
    this.#options = options
    this.startedAt = options.startedAt
    const ports = {
      deliver: (batch: Parameters<ProcessListener['onLines']>[0]) => this.#listener?.onLines(batch),
      pause: () => this.#transport?.pause(),
      resume: () => this.#transport?.resume(),
    }
    this.#inbound = new InboundLines(ports, options.limits)
  }

  /** The wire is open. Call once. */
  use(transport: Transport): void {
    this.#transport = transport
  }

  listen(listener: ProcessListener): void {
    this.#listener = listener
    this.#inbound.open()
  }

  send(line: string, frameId?: string): void {
    if (this.#isOver || (frameId !== undefined && this.#frames.has(frameId))) return
    this.#transport?.send(line, () => {
      if (frameId !== undefined) this.#frames.add(frameId)
    })
  }

  /** Nobody goes on with it after this gateway. */
  flushed(): Promise<boolean> {
    return Promise.resolve(true)
  }

  wasWritten(frameId: string): boolean {
    return this.#frames.has(frameId)
  }

  /** No other life of the gateway could answer on this connection. */
  pin(): void {}

  acknowledge(n: number): void {
    this.#inbound.acknowledge(n)
  }

  /** What it says beside the protocol stays on its own machine. */
  stderrTail(): string {
    return ''
  }

  stop(): Promise<StopReport> {
    this.#isOver = true
    this.#stopped ??= this.#close()
    return this.#stopped
  }

  /** Ends the connection without waiting. */
  cut(): void {
    this.#isOver = true
    this.#transport?.cut()
  }

  // What the wire tells ---------------------------------------------------------------------------------------------

  message(text: string): void {
    if (!this.#isOver) this.#inbound.push(text)
  }

  tooLong(): void {
    this.#end(() => this.#listener?.onLineTooLong())
  }

  lost(error: HoldfastError): void {
    this.#end(() => this.#listener?.onDisconnected(error))
  }

  // -----------------------------------------------------------------------------------------------------------------

  /** What was said before comes first. */
  #end(tell: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#inbound.end(tell)
  }

  async #close(): Promise<StopReport> {
    const startedAt = performance.now()
    await this.#transport?.close()
    this.#options.onGone(this)
    return { forced: false, swept: 0, survivors: [], ms: Math.round(performance.now() - startedAt), exit: undefined }
  }
}
