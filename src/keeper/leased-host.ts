// The host of the gateway: a lease for every process before it exists, whoever holds it, and its end on record.
// Owns the leases and the set of hosted and stuck processes. The pipes belong to a holder: this process, or a keeper.

import type { Clock, Timer } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import { CancelledError, HoldfastError } from '../base/errors.ts'
import type { SessionId } from '../base/ids.ts'
import { tagEpochOf, type ProcessLeases } from '../lease/process-leases.ts'
import type { Logger } from '../observe/logger.ts'
import { readBootId } from '../process/birth.ts'
import { checkCommand } from '../process/check-command.ts'
import { ProcessScanner } from '../process/process-scanner.ts'
import type { StopTimes } from '../process/stop-ladder.ts'
import { sweep } from '../process/sweep.ts'
import type {
  AgentHost,
  AgentProcess,
  HeldAgent,
  HostDescription,
  KeeperDescription,
  SpawnSpec,
  StopReport,
} from './agent-host.ts'
import type { Held, Holder } from './holder.ts'
import { HostedProcess } from './hosted-process.ts'
import { LeaseAudit } from './lease-audit.ts'

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

/** Modes: open, then for ever closed or handed over; then it starts nothing. */
export class LeasedHost implements AgentHost {
  readonly #deps: LeasedHostDeps
  readonly #scanner = new ProcessScanner()
  readonly #live = new Map<number, HostedProcess>()
  readonly #stuck = new Map<number, Timer>()
  readonly #starting = new Set<Promise<unknown>>()
  /** Leases that are on disk and not live yet. */
  readonly #intents = new Set<number>()
  readonly #held: readonly HeldAgent[]
  readonly #audit: LeaseAudit
  #isOpen = true
  #isHandedOver = false

  /** Takes over what the holders of `supply` hold already. */
  constructor(deps: LeasedHostDeps) {
    this.#deps = deps
    const { supply, leases, clock, logger, auditMs = AUDIT_MS } = deps
    this.#held = supply.all().flatMap((holder) => holder.held().map((held) => this.#takeOver(holder, held)))
    this.#audit = new LeaseAudit({
      instance: leases.instance,
      scanner: this.#scanner,
      clock,
      logger,
      everyMs: auditMs,
      isOpen: (lease) => this.#live.has(lease) || this.#stuck.has(lease) || this.#intents.has(lease),
    })
  }

  get canHandOver(): boolean {
    return this.#deps.supply.hosting === 'keeper'
  }

  async spawn(spec: SpawnSpec, signal?: AbortSignal): Promise<AgentProcess> {
    if (!this.#isOpen) throw new HoldfastError('SPAWN_FAILED', { agent: spec.agent, reason: 'the host is closed' })
    const start = this.#spawn(spec, signal)
    this.#starting.add(start)
    try {
      return await start
    } finally {
      this.#starting.delete(start)
    }
  }

  held(): readonly HeldAgent[] {
    return this.#held
  }

  async assign({ leaseId }: AgentProcess, to: Pick<HeldAgent, 'sessionId' | 'generation'>): Promise<void> {
    const process = this.#live.get(leaseId)
    const { sessionId, generation } = to
    if (process === undefined || sessionId === undefined) return
    await this.#deps.leases.assigned(leaseId, sessionId, generation)
    process.held.relabel({ ...process.held.label, sessionId, generation })
  }

  handOver(): void {
    this.#isOpen = false
    this.#isHandedOver = this.canHandOver
    this.#deps.supply.handOver()
  }

  killNow(): void {
    this.#isOpen = false
    for (const process of this.#live.values()) process.killNow()
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
    await this.#deps.supply[Symbol.asyncDispose]()
    // Their leases stay `stuck` in the store: the next start sweeps them again.
    for (const timer of this.#stuck.values()) timer.cancel()
  }

  async #stopAll(): Promise<void> {
    const stopped = async (): Promise<void> => {
      await Promise.allSettled(this.#starting)
      await Promise.all([...this.#live.values()].map((process) => process.stop()))
    }
    try {
      await deadline(stopped(), { ms: this.#stopMsMax() + STOP_MARGIN_MS, stage: 'stop of all agents' })
    } catch (err) {
      this.#deps.logger?.error({ live: this.#live.size, err }, 'agents could not be stopped in time')
    }
  }

  async #spawn(spec: SpawnSpec, signal: AbortSignal | undefined): Promise<AgentProcess> {
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
      return await this.#start(holder, { ...spec, argv }, { leaseId: id, signal })
    } finally {
      this.#intents.delete(id)
    }
  }

  async #start(
    holder: Holder,
    spec: SpawnSpec,
    { leaseId, signal }: { leaseId: number; signal: AbortSignal | undefined },
  ): Promise<AgentProcess> {
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
    const process = this.#host(holder, held, recorded)
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

  #takeOver(holder: Holder, held: Held): HeldAgent {
    // Its lease may still say `spawning`: the gateway that asked for it did not live to complete it.
    const process = this.#host(holder, held, this.#deps.leases.running(held.leaseId, held))
    const { sessionId, generation, agent } = held.label
    return { process, sessionId: sessionId === '' ? undefined : (sessionId as SessionId), generation, agent }
  }

  #host(holder: Holder, held: Held, recorded: Promise<void>): HostedProcess {
    const { leases, logger, supply } = this.#deps
    const process = new HostedProcess(held, recorded, {
      leases,
      logger,
      isRetiring: supply.isRetiring(holder),
      stopMsMax: this.#stopMsMax() + STOP_MARGIN_MS / 2,
      sweep: () => this.#sweep(holder, held),
      onStopped: (stopped, report) => this.#onStopped(holder, stopped, report),
    })
    this.#live.set(held.leaseId, process)
    return process
  }

  #onStopped(holder: Holder, process: HostedProcess, { survivors }: StopReport): void {
    this.#live.delete(process.leaseId)
    if (survivors.length > 0) this.#retryLater(holder, process.held)
    this.#deps.supply.released(holder)
  }

  /** Ends a tree without its holder: by tag, marker and the birth of its root. */
  #sweep({ keeperNo }: Holder, { leaseId, pid, startTicks }: Held): Promise<Pick<StopReport, 'swept' | 'survivors'>> {
    const owner = { instance: this.#deps.leases.instance, lease: leaseId, epoch: tagEpochOf(keeperNo) }
    const root = startTicks === undefined ? undefined : { pid, startTicks }
    return sweep({ owner, root }, this.#scanner, { msMax: this.#deps.stopTimes.sweepMs })
  }

  /** A stuck tree is never forgotten: it is swept again until it is gone. */
  #retryLater(holder: Holder, held: Held): void {
    if (!this.#isOpen) return
    const { clock, leases, logger, stuckRetryMs = STUCK_RETRY_MS } = this.#deps
    const { leaseId } = held
    const retry = async (): Promise<void> => {
      const { survivors } = await this.#sweep(holder, held)
      if (survivors.length > 0) return this.#retryLater(holder, held)
      this.#stuck.delete(leaseId)
      await leases.closed(leaseId, 'unknown')
    }
    const again = (): void => {
      retry().catch((err: unknown) => logger?.warn({ leaseId, err }, 'a stuck lease could not be closed'))
    }
    this.#stuck.set(leaseId, clock.at(clock.now() + stuckRetryMs, again))
  }

  #stopMsMax(): number {
    const { stdinMs, termMs, sweepMs } = this.#deps.stopTimes
    return stdinMs + termMs + sweepMs
  }
}
