// `hosting: inline`: agents are children of the gateway itself and end with it. For embedding and tests.
// Owns the set of live and stuck processes. Implements AgentHost without a socket, on the same modules as the keeper.

import type { Clock, Timer } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import { CancelledError, HoldfastError } from '../base/errors.ts'
import { ProcessLeases, tagEpochOf, type LeaseStore } from '../lease/process-leases.ts'
import type { Logger } from '../observe/logger.ts'
import { readBootId } from '../process/birth.ts'
import { spawnUnderLease, type LeasedSpawnDeps } from '../process/leased-spawn.ts'
import { ProcessScanner, readOwnMarkers } from '../process/process-scanner.ts'
import { STOP_TIMES, type StopTimes } from '../process/stop-ladder.ts'
import { probeTagging, type Tagging } from '../process/tag.ts'
import { startWarden, type Warden } from '../process/warden.ts'
import type { NodeRecord } from '../store/store.ts'
import type { AgentHost, AgentProcess, HeldAgent, HostDescription, SpawnSpec, StopReport } from './agent-host.ts'
import { InlineProcess } from './inline-process.ts'
import { LeaseAudit } from './lease-audit.ts'

export interface InlineHostDeps {
  readonly store: LeaseStore
  readonly node: NodeRecord
  readonly clock: Clock
  readonly logger?: Logger
  readonly stopTimes?: StopTimes
  /** How long until a stuck lease is swept again. */
  readonly stuckRetryMs?: number
  /** How often processes of closed leases are looked for. */
  readonly auditMs?: number
  /** True: a warden ends everything when this process dies. Tests of single parts go without. */
  readonly hasWarden?: boolean
  /** Set by tests; else probed. */
  readonly tagging?: Tagging
}

const STUCK_RETRY_MS = 30_000
const AUDIT_MS = 60_000
/** What a stop may take over the sum of its rungs: scans on a busy machine, the store. */
const STOP_MARGIN_MS = 10_000

/** Opens the host; probes once how process trees can be tagged here. */
export async function openInlineHost(deps: InlineHostDeps): Promise<AgentHost> {
  const leases = new ProcessLeases(deps)
  const { no } = await deps.store.insertKeeper({
    hosting: 'inline',
    nodeEpoch: deps.node.epoch,
    version: '',
    bootId: readBootId(),
    secret: '',
    startedAt: deps.clock.now(),
  })
  const tagging = deps.tagging ?? (await probeTagging(leases.instance, tagEpochOf(no)))
  if (tagging.kind === 'marker') deps.logger?.warn({}, 'process trees are marked by their environment only')
  return new InlineHost(deps, leases, { no, tagging })
}

/** Modes: open, then for ever closed; a closed host starts nothing. */
class InlineHost implements AgentHost {
  readonly #deps: InlineHostDeps
  readonly #leases: ProcessLeases
  readonly #spawning: LeasedSpawnDeps
  readonly #scanner = new ProcessScanner()
  readonly #live = new Map<number, InlineProcess>()
  readonly #stuck = new Map<number, Timer>()
  readonly #starting = new Set<Promise<unknown>>()
  readonly #warden: Warden | undefined
  readonly #audit: LeaseAudit
  #isOpen = true

  constructor(deps: InlineHostDeps, leases: ProcessLeases, { no, tagging }: { no: number; tagging: Tagging }) {
    this.#deps = deps
    this.#leases = leases
    // An older life of this gateway is no owner: its trees must not claim ours.
    const outerMarkers = readOwnMarkers().filter(({ instance }) => instance !== leases.instance)
    this.#spawning = { leases, keeperNo: no, tagging, bootId: readBootId(), outerMarkers }
    const { clock, logger, hasWarden = false, auditMs = AUDIT_MS } = deps
    const isOpen = (lease: number): boolean => this.#live.has(lease) || this.#stuck.has(lease)
    this.#audit = new LeaseAudit({
      instance: leases.instance,
      epoch: tagEpochOf(no),
      scanner: this.#scanner,
      clock,
      logger,
      everyMs: auditMs,
      isOpen,
    })
    this.#warden = hasWarden
      ? startWarden({ tagging, instance: leases.instance, epoch: tagEpochOf(no), clock, logger })
      : undefined
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
    return []
  }

  async assign({ leaseId }: AgentProcess, { sessionId, generation }: Pick<HeldAgent, 'sessionId' | 'generation'>) {
    if (sessionId !== undefined) await this.#leases.assigned(leaseId, sessionId, generation)
  }

  killNow(): void {
    this.#isOpen = false
    for (const process of this.#live.values()) process.killNow()
  }

  describe(): HostDescription {
    const tagging = this.#spawning.tagging.kind
    return { hosting: 'inline', tagging, live: this.#live.size, stuck: this.#stuck.size, wardenPid: this.#warden?.pid }
  }

  /** Stops every agent in parallel and resolves when all trees are proven gone, or after the bound of one stop. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false
    this.#audit[Symbol.dispose]()
    const { stdinMs, termMs, sweepMs } = this.#stopTimes()
    const ms = stdinMs + termMs + sweepMs + STOP_MARGIN_MS
    try {
      await deadline(this.#stopAll(), { ms, stage: 'stop of all agents' })
    } catch (err) {
      this.#deps.logger?.error({ live: this.#live.size, err }, 'agents could not be stopped in time')
    }
    await this.#warden?.[Symbol.asyncDispose]()
    // Their leases stay `stuck` in the store: the next start sweeps them again.
    for (const timer of this.#stuck.values()) timer.cancel()
  }

  async #spawn(spec: SpawnSpec, signal: AbortSignal | undefined): Promise<AgentProcess> {
    const process = await spawnUnderLease<InlineProcess>(this.#spawning, spec, {
      own: (leased) => {
        const owned = new InlineProcess(leased, spec.lineBytesMax, this.#processDeps())
        this.#live.set(owned.leaseId, owned)
        return owned
      },
      disown: (owned) => owned.stop(),
      signal,
    })
    if (!signal?.aborted) return process
    await process.stop()
    throw new CancelledError('spawn')
  }

  #processDeps(): ConstructorParameters<typeof InlineProcess>[2] {
    return {
      leases: this.#leases,
      scanner: this.#scanner,
      clock: this.#deps.clock,
      times: this.#stopTimes(),
      logger: this.#deps.logger,
      onStopped: (process, report) => this.#onStopped(process, report),
    }
  }

  #stopTimes(): StopTimes {
    return this.#deps.stopTimes ?? STOP_TIMES
  }

  async #stopAll(): Promise<void> {
    await Promise.allSettled(this.#starting)
    await Promise.all([...this.#live.values()].map((process) => process.stop()))
  }

  #onStopped(process: InlineProcess, { survivors }: StopReport): void {
    this.#live.delete(process.leaseId)
    if (survivors.length > 0) this.#retryLater(process)
  }

  /** A stuck tree is never forgotten: it is swept again until it is gone. */
  #retryLater(process: InlineProcess): void {
    if (!this.#isOpen) return
    const { clock, stuckRetryMs = STUCK_RETRY_MS } = this.#deps
    const retry = async (): Promise<void> => {
      if (await process.sweepAgain()) this.#stuck.delete(process.leaseId)
      else this.#retryLater(process)
    }
    this.#stuck.set(
      process.leaseId,
      clock.at(clock.now() + stuckRetryMs, () => void retry()),
    )
  }
}
