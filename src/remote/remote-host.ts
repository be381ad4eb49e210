// The host of the gateway: processes of this machine live where they lived before, agents elsewhere are connected to.
// Owns the connections. They end with the gateway: nothing could take one over.

import type { Clock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import { CancelledError, DeadlineError, HoldfastError } from '../base/errors.ts'
import type { Logger } from '../observe/logger.ts'
import type {
  AgentHost,
  AgentProcess,
  ConnectSpec,
  HeldAgent,
  HostDescription,
  LocalProcess,
  ProcessHost,
  SpawnSpec,
} from '../keeper/agent-host.ts'
import type { HeldTerminal, Terminal, TerminalSpec } from '../keeper/held/terminal.ts'
import { openHttp } from './http/http-transport.ts'
import { RemoteProcess } from './remote-process.ts'
import { TRANSPORT_TIMES } from './transport.ts'
import type { Transport, TransportListener, TransportTimes } from './transport.ts'
import { openWebSocket } from './web-socket.ts'

export interface RemoteHostDeps {
  readonly clock: Clock
  readonly logger?: Logger | undefined
  /** What is sent for the headers of the configuration. AGENT_AUTH_REQUIRED when that cannot be had. */
  headersOf(agent: string, headers: Readonly<Record<string, string>>): Record<string, string>
  readonly times?: TransportTimes
}

/** What a wire is opened with. */
export interface WireSpec {
  readonly agent: string
  readonly url: URL
  /** As they are sent. */
  readonly headers: Readonly<Record<string, string>>
  readonly messageBytesMax: number
  readonly times: TransportTimes
  readonly clock: Clock
}

/** What both kinds of wires are: rejects with AGENT_UNREACHABLE or AGENT_AUTH_REQUIRED; aborting `signal` leaves no connection. */
export type OpenWire = (spec: WireSpec, listener: TransportListener, signal: AbortSignal) => Promise<Transport>

/** Modes: open, then for ever closed; then it connects nothing. */
export class RemoteHost implements AgentHost {
  readonly #local: ProcessHost
  readonly #deps: RemoteHostDeps
  readonly #open = new Set<RemoteProcess>()
  readonly #closed = new AbortController()

  /** `local` is this one's from here on: it is disposed of with it. */
  constructor(local: ProcessHost, deps: RemoteHostDeps) {
    this.#local = local
    this.#deps = deps
  }

  get connections(): number {
    return this.#open.size
  }

  get canHandOver(): boolean {
    return this.#local.canHandOver
  }

  async connect(spec: ConnectSpec, signal?: AbortSignal): Promise<AgentProcess> {
    const { agent } = spec
    if (this.#closed.signal.aborted) throw new HoldfastError('SPAWN_FAILED', { agent, reason: 'the host is closed' })
    const { clock, headersOf, times = TRANSPORT_TIMES, logger } = this.#deps
    const url = new URL(spec.remote.url)
    const headers = headersOf(agent, spec.remote.headers)
    const process = new RemoteProcess({ startedAt: clock.now(), onGone: (gone) => this.#open.delete(gone) })
    const wire: WireSpec = { agent, url, headers, messageBytesMax: spec.lineBytesMax, times, clock }
    const transport = await this.#openWire(wire, process, signal)
    process.use(transport)
    this.#open.add(process)
    logger?.debug({ agent, host: url.host, sessionId: spec.sessionId }, 'remote agent connected')
    return process
  }

  spawn(spec: SpawnSpec, signal?: AbortSignal): Promise<LocalProcess> {
    return this.#local.spawn(spec, signal)
  }

  spawnTerminal(spec: TerminalSpec, signal?: AbortSignal): Promise<Terminal> {
    return this.#local.spawnTerminal(spec, signal)
  }

  held(): readonly HeldAgent[] {
    return this.#local.held()
  }

  heldTerminals(): readonly HeldTerminal[] {
    return this.#local.heldTerminals()
  }

  /** A connection has no row that would have to name its session. */
  async assign(process: AgentProcess, to: Pick<HeldAgent, 'sessionId' | 'generation'>): Promise<void> {
    if (!(process instanceof RemoteProcess)) await this.#local.assign(process, to)
  }

  handOver(): void {
    this.#cutAll()
    this.#local.handOver()
  }

  killNow(): void {
    this.#cutAll()
    this.#local.killNow()
  }

  describe(): HostDescription {
    return this.#local.describe()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    await Promise.all([...this.#open].map((process) => process.stop()))
    await this.#local[Symbol.asyncDispose]()
  }

  #cutAll(): void {
    this.#closed.abort()
    for (const process of this.#open) process.cut()
    this.#open.clear()
  }

  /** An attempt that succeeds after it was given up is undone. */
  async #openWire(wire: WireSpec, listener: TransportListener, signal?: AbortSignal): Promise<Transport> {
    const { agent, times } = wire
    const overdue = new AbortController()
    const given = AbortSignal.any([overdue.signal, this.#closed.signal, ...(signal === undefined ? [] : [signal])])
    const open: OpenWire = wire.url.protocol.startsWith('ws') ? openWebSocket : openHttp
    const opening = open(wire, listener, given)
    opening.then(
      (transport) => given.aborted && transport.cut(),
      () => undefined,
    )
    try {
      const stage = 'connect'
      const transport = await deadline(opening, { ms: times.connectMs, stage, signal: given })
      if (given.aborted) throw new CancelledError(stage)
      return transport
    } catch (error) {
      overdue.abort()
      if (!(error instanceof DeadlineError)) throw error
      throw new HoldfastError('AGENT_START_TIMEOUT', { agent, ...error.details }, { cause: error })
    }
  }
}
