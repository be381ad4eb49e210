// The keepers of this gateway: finds those that outlived an earlier life, starts one when there is none, lets go of them or
// ends them with the gateway. Owns the connections and the keeper rows. One of an older version keeps its agents and takes no new ones.

import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import type { Clock } from '../../base/clock.ts'
import { deadline, ignore } from '../../base/deadline.ts'
import { HoldfastError } from '../../base/errors.ts'
import { tagEpochOf, type LeaseStore } from '../../lease/process-leases.ts'
import type { Logger } from '../../observe/logger.ts'
import { isAlive, readBootId, type Birth } from '../../base/birth.ts'
import { signalProcess } from '../../process/signals.ts'
import { startService } from '../../process/start-detached.ts'
import type { StopTimes } from '../../process/stop-ladder.ts'
import type { KeeperRecord } from '../../store/records.ts'
import type { NodeRecord } from '../../store/store.ts'
import type { KeeperDescription } from '../agent-host.ts'
import type { OutputLimits } from '../held/held-process.ts'
import type { Holder } from '../holder.ts'
import { connectKeeper } from '../socket/connect-keeper.ts'
import type { KeeperLink } from '../socket/keeper-link.ts'
import type { HolderSupply } from './leased-host.ts'
import type { KeeperOrders } from '../run-keeper.ts'

export interface KeeperPoolOptions {
  readonly store: LeaseStore
  readonly node: NodeRecord
  readonly clock: Clock
  readonly logger: Logger | undefined
  /** Only a keeper of the same version takes new agents. */
  readonly version: string
  /** argv of the keeper program, and the environment it runs in. */
  readonly command: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  /** Mode 0700. Sockets are made in it. */
  readonly runDir: string
  /** Mode 0700. Spools and the keepers' log are made in it. */
  readonly stateDir: string
  readonly adoptionGraceMs: number
  readonly stopTimes: StopTimes
  readonly outputLimits: OutputLimits
  /** Starts keeper `no` somewhere else than below us; resolves when it listens, with false when it cannot be had there. */
  readonly launch?: ((no: number, orders: string) => Promise<boolean>) | undefined
}

const START_MS_MAX = 10_000
/** What the end of a keeper may take over the stop of its agents. */
const END_MARGIN_MS = 15_000
const SECRET_BYTES = 32

/** Connects to every keeper that lives. Those that cannot be talked to are ended: what they held is for the reaper. */
export async function openKeeperPool(options: KeeperPoolOptions): Promise<KeeperPool> {
  const pool = new KeeperPool(options)
  await pool.findEarlier()
  return pool
}

/** Modes: open; then closed (keepers end with us) or handed over (they stay). */
export class KeeperPool implements HolderSupply {
  readonly hosting = 'keeper'
  readonly #options: KeeperPoolOptions
  readonly #links = new Set<KeeperLink>()
  readonly #superseded = new AbortController()
  #current: Promise<KeeperLink> | undefined
  /** The one that takes new agents, once it is there; every other one retires. */
  #taking: KeeperLink | undefined
  #isHandedOver = false
  #isClosed = false

  constructor(options: KeeperPoolOptions) {
    this.#options = options
  }

  async findEarlier(): Promise<void> {
    const { store, logger } = this.#options
    for (const record of await store.listKeepers()) {
      const link = await this.#connectEarlier(record)
      if (link === undefined) await this.#ended(record.no)
      else logger?.info({ keeperNo: link.keeperNo, pid: link.pid, held: link.held().length }, 'a keeper goes on')
    }
    this.#taking = [...this.#links].findLast(({ version }) => version === this.#options.version)
    if (this.#taking !== undefined) this.#current = Promise.resolve(this.#taking)
    for (const link of this.#links) this.released(link)
  }

  current(): Promise<KeeperLink> {
    if (this.#isClosed) return Promise.reject(new HoldfastError('KEEPER_UNAVAILABLE', { reason: 'the gateway stops' }))
    this.#current ??= this.#start().catch((cause: unknown) => {
      this.#current = undefined
      const reason = cause instanceof Error ? cause.message : 'unknown'
      throw new HoldfastError('KEEPER_UNAVAILABLE', { reason }, { cause })
    })
    return this.#current
  }

  all(): readonly KeeperLink[] {
    return [...this.#links]
  }

  isRetiring(holder: Holder): boolean {
    if (this.#taking !== undefined) return holder !== this.#taking
    return (holder as KeeperLink).version !== this.#options.version
  }

  get superseded(): AbortSignal {
    return this.#superseded.signal
  }

  describe(): KeeperDescription[] {
    return [...this.#links].map((link) => {
      const { keeperNo: no, pid, version } = link
      const live = link.held().filter(({ label }) => label.terminal === undefined).length
      return { no, pid, version, live, isRetiring: this.isRetiring(link) }
    })
  }

  released(holder: Holder): void {
    const link = [...this.#links].find((each) => each === holder)
    if (link !== undefined && this.isRetiring(link) && link.held().length === 0) void this.#retire(link)
  }

  handOver(): void {
    this.#isHandedOver = true
  }

  killNow(): void {
    this.#isClosed = true
    for (const link of this.#links) link.killNow()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    // A start that is under way is waited for: it must not be left alone.
    await this.#current?.catch(ignore('there is nothing to end then'))
    const ends = [...this.#links].map((link) => (this.#isHandedOver ? link.leave() : this.#retire(link)))
    await Promise.all(ends)
  }

  /** Ends a keeper that has nothing to do any more, or whose gateway stops. Never rejects. */
  async #retire(link: KeeperLink): Promise<void> {
    const { stdinMs, termMs, sweepMs } = this.#options.stopTimes
    this.#links.delete(link)
    link.shutdown()
    const ms = stdinMs + termMs + sweepMs + END_MARGIN_MS
    await deadline(link.ended, { ms, stage: 'end of the keeper' }).catch(ignore('it is ended now'))
    this.#kill(link)
    await this.#ended(link.keeperNo).catch((err: unknown) =>
      this.#options.logger?.warn({ keeperNo: link.keeperNo, err }, 'the end of a keeper could not be stored'),
    )
  }

  async #start(): Promise<KeeperLink> {
    const { store, node, clock, version, command, env, stateDir, launch } = this.#options
    const record = await store.insertKeeper({
      hosting: 'keeper',
      nodeEpoch: node.epoch,
      version,
      bootId: readBootId(),
      secret: randomBytes(SECRET_BYTES).toString('hex'),
      startedAt: clock.now(),
    })
    try {
      // Numbers are never used again: what is there is of a database that is gone.
      rmSync(this.#socketOf(record.no), { force: true })
      const input = JSON.stringify(this.#ordersFor(record))
      const outputFile = join(stateDir, 'keeper.log')
      // Its socket is on the command line for who looks at the process table.
      const argv = [...command, this.#socketOf(record.no)] as const
      const isLaunched = (await launch?.(record.no, input)) ?? false
      if (!isLaunched) await startService({ argv, env, cwd: stateDir, outputFile, input }, START_MS_MAX)
      this.#taking = await this.#connect(record)
      return this.#taking
    } catch (error) {
      await store.updateKeeper(record.no, { endedAt: clock.now() }).catch(ignore('the next start looks again'))
      throw error
    }
  }

  #ordersFor({ no: keeperNo, secret, version }: KeeperRecord): KeeperOrders {
    const { store, adoptionGraceMs, stopTimes, outputLimits } = this.#options
    const instance = store.instanceNumber()
    return {
      keeperNo,
      instance,
      epoch: tagEpochOf(keeperNo),
      version,
      secret,
      socket: this.#socketOf(keeperNo),
      spoolDir: this.#spoolOf(keeperNo),
      adoptionGraceMs,
      stopTimes,
      outputLimits,
    }
  }

  async #connect({ no, secret }: KeeperRecord): Promise<KeeperLink> {
    const { store, node, clock, logger } = this.#options
    const address = { socket: this.#socketOf(no), secret, nodeEpoch: node.epoch }
    const link = await connectKeeper(address, {
      clock,
      logger,
      onLost: (lost, isSuperseded) => this.#lost(lost, isSuperseded),
    })
    this.#links.add(link)
    const { pid, startTicks } = link
    await store.updateKeeper(no, { pid, ...(startTicks === undefined ? {} : { startTicks }) })
    return link
  }

  async #connectEarlier(record: KeeperRecord): Promise<KeeperLink | undefined> {
    if (record.hosting === 'inline' || record.bootId !== readBootId()) return undefined
    try {
      return await this.#connect(record)
    } catch (err) {
      const birth = birthOf(record)
      if (birth !== undefined && isAlive(birth)) {
        this.#options.logger?.error(
          { keeperNo: record.no, pid: birth.pid, err },
          'a keeper cannot be talked to; it is ended',
        )
        signalProcess(birth, 'SIGKILL')
      }
      return undefined
    }
  }

  /** Whatever broke the connection: a keeper that cannot be talked to is ended, and its warden ends what it held. */
  #lost(link: KeeperLink, isSuperseded: boolean): void {
    const { keeperNo, pid } = link
    const { logger } = this.#options
    this.#links.delete(link)
    if (link === this.#taking) this.#current = this.#taking = undefined
    if (isSuperseded) {
      logger?.error({ keeperNo, pid }, 'a newer life of the gateway took the keeper over')
      this.#isClosed = true
      return this.#superseded.abort()
    }
    logger?.error({ keeperNo, pid, held: link.held().length }, 'the keeper is gone; what it held is ended')
    this.#kill(link)
    this.#ended(keeperNo).catch(ignore('the next start looks again'))
  }

  #kill({ pid, startTicks }: KeeperLink): void {
    if (startTicks !== undefined) signalProcess({ pid, startTicks }, 'SIGKILL')
  }

  async #ended(no: number): Promise<void> {
    rmSync(this.#socketOf(no), { force: true })
    rmSync(this.#spoolOf(no), { recursive: true, force: true })
    await this.#options.store.updateKeeper(no, { endedAt: this.#options.clock.now() })
  }

  /** Short, because the path of a socket has about 100 bytes, and no longer than the gateway's own. */
  #socketOf(no: number): string {
    return join(this.#options.runDir, `k${no}.sock`)
  }

  #spoolOf(no: number): string {
    return join(this.#options.stateDir, 'spool', String(no))
  }
}

function birthOf({ pid, startTicks }: KeeperRecord): Birth | undefined {
  return pid === undefined || startTicks === undefined ? undefined : { pid, startTicks }
}
