// The host of the gateway: a lease for every process before it exists, whoever holds it, and its end on record.
// Owns the leases and the set of hosted and stuck processes. The pipes belong to a holder: this process, or a keeper.

import type { Clock } from '../../base/clock.ts'
import { deadline } from '../../base/deadline.ts'
import { CancelledError, HoldfastError } from '../../base/errors.ts'
import type { SessionId } from '../../base/ids.ts'
import { tagEpochOf, type ProcessLeases } from '../../lease/process-leases.ts'
import type { Logger } from '../../observe/logger.ts'
import { readBootId } from '../../base/birth.ts'
import { checkCommand } from '../../process/check-command.ts'
import { ProcessScanner } from '../../process/process-scanner.ts'
import type { StopTimes } from '../../process/stop-ladder.ts'
import { sweep } from '../../process/sweep.ts'
import type {
  ProcessHost,
  AgentProcess,
  LocalProcess,
  HeldAgent,
  HostDescription,
  KeeperDescription,
  SpawnSpec,
  StopReport,
} from '../agent-host.ts'
import type { Held, Holder, TerminalLabel } from '../holder.ts'
import { HostedProcess } from './hosted-process.ts'
import { HostedTerminal } from './hosted-terminal.ts'
import type { HeldEndDeps } from './held-end.ts'
import { LeaseAudit } from './lease-audit.ts'
import { StuckLeases } from './stuck-leases.ts'
import type { HeldTerminal, Terminal, TerminalSpec } from '../held/terminal.ts'

/** Where holders come from. */
export interface HolderSupply extends AsyncDisposable {
  readonly hosting: 'inline' | 'keeper'
  /** The one that takes new processes; started when there is none. Rejects with KEEPER_UNAVAILABLE. */
  current(): Promise<Holder>
  /** All that live, the current one and those of an older version. */
  all(): readonly Holder[]
  isRetiring(holder: Holder): boolean
  describe(): readonly KeeperDescription[]
  /** A process of this holder was forgotten; one that retires may have nothing left to do. */
  released(holder: Holder): void
  /** Aborted when a newer life of the gateway has taken the holders over. */
  readonly superseded: AbortSignal
  /** Disposing ends no process from here on. */
  handOver(): void
  killNow(): void
}

export interface LeasedHostDeps {
  readonly supply: HolderSupply
  readonly leases: ProcessLeases
  readonly clock: Clock
  readonly logger: Logger | undefined
  readonly stopTimes: StopTimes
  /** How long until a stuck lease is swept again. */
  readonly stuckRetryMs?: number | undefined
  /** How often processes of closed leases are looked for. */
  readonly auditMs?: number | undefined
}

const STUCK_RETRY_MS = 30_000
const AUDIT_MS = 60_000
/** What a stop may take over the sum of its rungs: scans on a busy machine, the store. */
const STOP_MARGIN_MS = 10_000

type Order = SpawnSpec & Partial<Pick<TerminalSpec, 'terminal'>>
type Stoppable = Pick<AgentProcess, 'stop'>
type Hosting<T> = (holder: Holder, held: Held, recorded: Promise<void>) => T

interface Start<T> {
  readonly leaseId: number
  readonly signal: AbortSignal | undefined
  readonly started: (held: Held, recorded: Promise<void>) => T
}

interface Found {
  readonly holder: Holder
  readonly held: Held
}

interface TerminalFound {
  readonly terminal: TerminalLabel
}

/** Modes: open, then for ever closed or handed over; then it starts nothing. */
export class LeasedHost implements ProcessHost {
  readonly #deps: LeasedHostDeps
  readonly #scanner = new ProcessScanner()
  readonly #live = new Map<number, HostedProcess>()
  /** Those that were not stopped yet. */
  readonly #terminals = new Map<number, HostedTerminal>()
  readonly #stuck: StuckLeases
  readonly #starting = new Set<Promise<unknown>>()
  /** Leases that are on disk and not live yet. */
  readonly #intents = new Set<number>()
  readonly #held: readonly HeldAgent[]
  readonly #heldTerminals: readonly HeldTerminal[]
  readonly #audit: LeaseAudit
  /** Aborted when what is held is no business of this host any more. */
  readonly #left = new AbortController()
  #isOpen = true
  #isHandedOver = false

  /** Takes over what the holders of `supply` hold already. */
  constructor(deps: LeasedHostDeps) {
    this.#deps = deps
    const { supply, leases, clock, logger, auditMs = AUDIT_MS, stuckRetryMs = STUCK_RETRY_MS } = deps
    this.#stuck = new StuckLeases({ leases, clock, logger, retryMs: stuckRetryMs })
    const all = supply.all().flatMap((holder) => holder.held().map((held) => ({ holder, held })))
    this.#held = all.flatMap((each) => this.#takeOver(each) ?? [])
    this.#heldTerminals = all.flatMap((each) => this.#takeOverTerminal(each) ?? [])
    this.#audit = new LeaseAudit({
      instance: leases.instance,
      scanner: this.#scanner,
      clock,
      logger,
      everyMs: auditMs,
      isOpen: (lease) => [this.#live, this.#terminals, this.#stuck, this.#intents].some((set) => set.has(lease)),
    })
    supply.superseded.addEventListener('abort', () => this.#leave(), { once: true })
  }

  get canHandOver(): boolean {
    return this.#deps.supply.hosting === 'keeper'
  }

  async spawn(spec: SpawnSpec, signal?: AbortSignal): Promise<LocalProcess> {
    return this.#spawn(spec, signal, (holder, held, recorded) => this.#host(holder, held, recorded))
  }

  spawnTerminal(spec: TerminalSpec, signal?: AbortSignal): Promise<Terminal> {
    const host = (...[holder, held, recorded]: Parameters<Hosting<Terminal>>): HostedTerminal =>
      this.#hostTerminal({ holder, held, terminal: spec.terminal }, recorded)
    return this.#spawn({ ...spec, lineBytesMax: 0 }, signal, host)
  }

  held(): readonly HeldAgent[] {
    return this.#held
  }

  heldTerminals(): readonly HeldTerminal[] {
    return this.#heldTerminals
  }

  async assign(process: AgentProcess, to: Pick<HeldAgent, 'sessionId' | 'generation'>): Promise<void> {
    const { sessionId, generation } = to
    if (!(process instanceof HostedProcess) || !this.#live.has(process.leaseId) || sessionId === undefined) return
    await this.#deps.leases.assigned(process.leaseId, sessionId, generation)
    process.held.relabel({ ...process.held.label, sessionId, generation })
  }

  handOver(): void {
    this.#isOpen = false
    this.#isHandedOver = this.canHandOver
    this.#deps.supply.handOver()
  }

  killNow(): void {
    this.#isOpen = false
    for (const process of [...this.#live.values(), ...this.#terminals.values()]) process.killNow()
    this.#deps.supply.killNow()
  }

  describe(): HostDescription {
    const { supply } = this.#deps
    const [holder] = supply.all().toReversed()
    return {
      hosting: supply.hosting,
      tagging: holder?.tagging ?? 'marker',
      live: this.#live.size,
      stuck: this.#stuck.size,
      wardenPid: holder?.wardenPid,
      keepers: supply.describe(),
    }
  }

  /** Stops every agent in parallel and resolves when all trees are proven gone, or after the bound of one stop. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false
    this.#audit[Symbol.dispose]()
    if (!this.#isHandedOver) await this.#stopAll()
    this.#letGo()
    await this.#deps.supply[Symbol.asyncDispose]()
  }

  /** A newer life of the gateway has everything: nothing is started, stopped, swept or audited from here on. */
  #leave(): void {
    this.handOver()
    this.#letGo()
  }

  #letGo(): void {
    this.#left.abort()
    this.#audit[Symbol.dispose]()
    this.#stuck[Symbol.dispose]()
  }

  async #stopAll(): Promise<void> {
    const stopped = async (): Promise<void> => {
      await Promise.allSettled(this.#starting)
      await Promise.all([...this.#live.values(), ...this.#terminals.values()].map((process) => process.stop()))
    }
    try {
      await deadline(stopped(), { ms: this.#stopMsMax() + STOP_MARGIN_MS, stage: 'stop of all agents' })
    } catch (err) {
      this.#deps.logger?.error({ live: this.#live.size, err }, 'agents could not be stopped in time')
    }
  }

  async #spawn<T extends Stoppable>(spec: Order, signal: AbortSignal | undefined, host: Hosting<T>): Promise<T> {
    if (!this.#isOpen) throw new HoldfastError('SPAWN_FAILED', { agent: spec.agent, reason: 'the host is closed' })
    const start = this.#intend(spec, signal, host)
    this.#starting.add(start)
    try {
      return await start
    } finally {
      this.#starting.delete(start)
    }
  }

  async #intend<T extends Stoppable>(spec: Order, signal: AbortSignal | undefined, host: Hosting<T>): Promise<T> {
    const { leases, supply } = this.#deps
    const { sessionId, generation, agent } = spec
    const argv = await checkCommand(spec)
    const holder = await supply.current()
    if (signal?.aborted) throw new CancelledError('spawn')
    const bootId = readBootId()
    const intent = { keeperNo: holder.keeperNo, sessionId, generation, agent, argv: spec.argv, bootId, tag: holder.tag }
    const { id } = await leases.intend(intent).catch((cause: unknown) => {
      throw new HoldfastError('SPAWN_FAILED', { agent, reason: 'its lease could not be stored' }, { cause })
    })
    this.#intents.add(id)
    try {
      const started = (held: Held, recorded: Promise<void>): T => host(holder, held, recorded)
      return await this.#start(holder, { ...spec, argv }, { leaseId: id, signal, started })
    } finally {
      this.#intents.delete(id)
    }
  }

  async #start<T extends Stoppable>(holder: Holder, spec: Order, { leaseId, signal, started }: Start<T>): Promise<T> {
    const { leases } = this.#deps
    const { agent, sessionId = '' } = spec
    let held: Held
    try {
      if (signal?.aborted) throw new CancelledError('spawn')
      held = await holder.spawn({ ...spec, leaseId, sessionId })
    } catch (error) {
      // Nothing was started; if this cannot be stored either, the next start finds the intent and no process.
      await leases.closed(leaseId, 'not started').catch(() => undefined)
      throw error
    }
    const recorded = leases.running(leaseId, held)
    const process = started(held, recorded)
    try {
      await recorded
    } catch (cause) {
      await process.stop()
      throw new HoldfastError('SPAWN_FAILED', { agent, reason: 'its lease could not be completed' }, { cause })
    }
    if (!signal?.aborted) return process
    await process.stop()
    throw new CancelledError('spawn')
  }

  #takeOver({ holder, held }: Found): HeldAgent | undefined {
    if (held.label.terminal !== undefined) return undefined
    // Its lease may still say `spawning`: the gateway that asked for it did not live to complete it.
    const process = this.#host(holder, held, this.#deps.leases.running(held.leaseId, held))
    const { sessionId, generation, agent } = held.label
    return { process, sessionId: sessionId === '' ? undefined : (sessionId as SessionId), generation, agent }
  }

  #takeOverTerminal({ holder, held }: Found): HeldTerminal | undefined {
    const { terminal: label, sessionId, generation } = held.label
    if (label === undefined) return undefined
    const recorded = this.#deps.leases.running(held.leaseId, held)
    return { terminal: this.#hostTerminal({ holder, held, terminal: label }, recorded), sessionId, generation }
  }

  #host(holder: Holder, held: Held, recorded: Promise<void>): HostedProcess {
    const { supply } = this.#deps
    const process = new HostedProcess(held, recorded, {
      ...this.#endDeps(holder, held),
      isRetiring: supply.isRetiring(holder),
      onStopped: ({ leaseId }, report) => {
        this.#live.delete(leaseId)
        this.#stopped(holder, held, report)
      },
      onForgotten: () => supply.released(holder),
    })
    this.#live.set(held.leaseId, process)
    return process
  }

  #hostTerminal({ holder, held, terminal: label }: Found & TerminalFound, recorded: Promise<void>): HostedTerminal {
    const terminal = new HostedTerminal(held, label, recorded, {
      ...this.#endDeps(holder, held),
      onStopped: ({ leaseId }, report) => {
        this.#terminals.delete(leaseId)
        this.#stopped(holder, held, report)
      },
      onReleased: () => this.#deps.supply.released(holder),
    })
    this.#terminals.set(held.leaseId, terminal)
    return terminal
  }

  #endDeps(holder: Holder, held: Held): HeldEndDeps {
    const { leases, logger } = this.#deps
    const stopMsMax = this.#stopMsMax() + STOP_MARGIN_MS / 2
    return { leases, logger, stopMsMax, left: this.#left.signal, sweep: () => this.#sweep(holder, held) }
  }

  /** A stuck tree is never forgotten: it is swept again until it is gone. */
  #stopped(holder: Holder, held: Held, { survivors }: StopReport): void {
    if (survivors.length > 0 && this.#isOpen) this.#stuck.add(held.leaseId, () => this.#sweep(holder, held))
  }

  /** Ends a tree without its holder: by tag, marker and the birth of its root. */
  #sweep({ keeperNo }: Holder, { leaseId, pid, startTicks }: Held): Promise<Pick<StopReport, 'swept' | 'survivors'>> {
    const owner = { instance: this.#deps.leases.instance, lease: leaseId, epoch: tagEpochOf(keeperNo) }
    const root = startTicks === undefined ? undefined : { pid, startTicks }
    return sweep({ owner, root }, this.#scanner, { msMax: this.#deps.stopTimes.sweepMs })
  }

  #stopMsMax(): number {
    const { stdinMs, termMs, sweepMs } = this.#deps.stopTimes
    return stdinMs + termMs + sweepMs
  }
}
