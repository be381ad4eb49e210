// Holds agent processes in this very process: the whole of a keeper but its socket, and all there is with `hosting: inline`.
// Owns the set of held processes and the warden that ends them when this process dies.

import { join } from 'node:path'

import type { Clock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import { HoldfastError } from '../base/errors.ts'
import type { Logger } from '../observe/logger.ts'
import { Containment } from '../process/containment.ts'
import type { Enclosure } from '../process/enclosure.ts'
import { ProcessScanner, readOwnMarkers } from '../process/process-scanner.ts'
import { STOP_TIMES, type StopTimes } from '../process/stop-ladder.ts'
import { probeTagging, type Tagging } from '../process/tag.ts'
import { spawnTagged } from '../process/tagged-spawn.ts'
import type { Child } from '../process/spawn.ts'
import type { Ownership } from '../process/tag-value.ts'
import { startWarden, type Warden } from '../process/warden.ts'
import { HeldProcess, OUTPUT_LIMITS, type HeldProcessDeps, type OutputLimits } from './held/held-process.ts'
import type { Holder, SpawnOrder } from './holder.ts'

export interface LocalHolderOptions {
  readonly keeperNo: number
  /** 24-bit number of the database. */
  readonly instance: number
  /** `keeperNo` as tags and markers carry it. */
  readonly epoch: number
  readonly clock: Clock
  readonly logger: Logger | undefined
  /** True: a warden ends everything when this process dies. Tests of single parts go without. */
  readonly hasWarden: boolean
  readonly stopTimes?: StopTimes | undefined
  readonly outputLimits?: OutputLimits | undefined
  /** Directory for lines that nobody reads; undefined: they are kept in memory. */
  readonly spoolDir?: string | undefined
  /** Set by tests; else probed. */
  readonly tagging?: Tagging | undefined
}

/** What a stop may take over the sum of its rungs: scans on a busy machine. */
const STOP_MARGIN_MS = 10_000

/** Probes once how process trees can be tagged here. */
export async function openLocalHolder(options: LocalHolderOptions): Promise<LocalHolder> {
  const tagging = options.tagging ?? (await probeTagging(options.instance, options.epoch))
  if (tagging.kind === 'marker') options.logger?.warn({}, 'process trees are marked by their environment only')
  return new LocalHolder(options, tagging)
}

/** Modes: open, then for ever closed; a closed holder starts nothing. */
export class LocalHolder implements Holder, AsyncDisposable {
  readonly #options: LocalHolderOptions
  readonly #tagging: Tagging
  readonly #outerMarkers: ReturnType<typeof readOwnMarkers>
  readonly #scanner = new ProcessScanner()
  readonly #containment = new Containment()
  readonly #held = new Map<number, HeldProcess>()
  readonly #starting = new Set<Promise<unknown>>()
  readonly #warden: Warden | undefined
  #isOpen = true

  constructor(options: LocalHolderOptions, tagging: Tagging) {
    this.#options = options
    this.#tagging = tagging
    const { instance, epoch, clock, logger, hasWarden } = options
    // An older life of this gateway is no owner: its trees must not claim ours.
    this.#outerMarkers = readOwnMarkers().filter((marker) => marker.instance !== instance)
    this.#warden = hasWarden ? startWarden({ tagging, instance, epoch, clock, logger }) : undefined
  }

  get keeperNo(): number {
    return this.#options.keeperNo
  }

  get tagging(): Tagging['kind'] {
    return this.#tagging.kind
  }

  get tag(): string {
    return this.#tagging.kind === 'marker' ? '' : this.#tagging.hard
  }

  get wardenPid(): number | undefined {
    return this.#warden?.pid
  }

  held(): readonly HeldProcess[] {
    return [...this.#held.values()]
  }

  find(leaseId: number): HeldProcess | undefined {
    return this.#held.get(leaseId)
  }

  async spawn(order: SpawnOrder): Promise<HeldProcess> {
    const { agent } = order
    if (!this.#isOpen) throw new HoldfastError('SPAWN_FAILED', { agent, reason: 'agents are being stopped' })
    const start = this.#spawn(order)
    this.#starting.add(start)
    try {
      return await start
    } finally {
      this.#starting.delete(start)
    }
  }

  killNow(): void {
    this.#isOpen = false
    for (const process of this.#held.values()) process.killNow()
  }

  /** Stops every process in parallel; resolves when all trees are proven gone, or after the bound of one stop. Then the warden. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false
    const { stdinMs, termMs, sweepMs } = this.#stopTimes()
    const ms = stdinMs + termMs + sweepMs + STOP_MARGIN_MS
    try {
      await deadline(this.#stopAll(), { ms, stage: 'stop of all agents' })
    } catch (err) {
      this.#options.logger?.error({ held: this.#held.size, err }, 'agents could not be stopped in time')
    }
    await this.#containment.close(this.#options.instance)
    await this.#warden?.[Symbol.asyncDispose]()
  }

  async #spawn(order: SpawnOrder): Promise<HeldProcess> {
    const { instance, epoch, clock, spoolDir } = this.#options
    const owner = { instance, lease: order.leaseId, epoch }
    const enclosure = await this.#containment.prepare(order.containment, order.agent, owner)
    const child = await this.#spawnInside(enclosure, order, owner)
    const { outputLimits: limits = OUTPUT_LIMITS } = this.#options
    const process = new HeldProcess(child, owner, order, {
      clock,
      scanner: this.#scanner,
      ...termsOf(order, { limits, times: this.#stopTimes() }),
      enclosure,
      spoolPath: spoolDir === undefined ? undefined : join(spoolDir, `${order.leaseId}.lines`),
      onForgotten: ({ leaseId }) => this.#held.delete(leaseId),
    })
    this.#held.set(order.leaseId, process)
    return process
  }

  /** The tag goes outside: what makes the enclosure is found by the sweep like the rest. */
  async #spawnInside(enclosure: Enclosure, order: SpawnOrder, owner: Ownership): Promise<Child> {
    const deps = { tagging: this.#tagging, outerMarkers: this.#outerMarkers }
    try {
      return await spawnTagged(deps, { ...order, argv: enclosure.wrap(order.argv) }, owner)
    } catch (error) {
      await enclosure.dispose()
      throw error
    }
  }

  #stopTimes(): StopTimes {
    return this.#options.stopTimes ?? STOP_TIMES
  }

  async #stopAll(): Promise<void> {
    await Promise.allSettled(this.#starting)
    await Promise.all([...this.#held.values()].map((process) => process.stop()))
  }
}

/**
 * A terminal's reader keeps the newest output without acknowledging it, so its window comes on top of that. It has no input, so
 * there is no end of it to wait for.
 */
function termsOf({ terminal }: SpawnOrder, terms: Pick<HeldProcessDeps, 'limits' | 'times'>): typeof terms {
  if (terminal === undefined) return terms
  const { limits, times } = terms
  const windowBytes = limits.windowBytes + terminal.outputBytesMax
  return { limits: { ...limits, windowLines: Infinity, windowBytes }, times: { ...times, stdinMs: 0 } }
}
