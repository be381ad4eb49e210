// Group commit: what was asked for in one turn of the event loop shares one transaction and one fsync.
// Owns the write connection. Modes: open -> failed (a device error, for ever) or closed. Each caller is undone alone.

import { assert } from '../base/assert.ts'
import { pause } from '../base/deadline.ts'
import { HoldfastError, LeaseLostError } from '../base/errors.ts'
import { ConnectionBusyError, DiskFullError, isConnectionFailure } from './connection.ts'
import type { WriteConnection } from './connection.ts'
import type { Executor } from './statement.ts'
import type { Durability } from './store.ts'

export interface Job<T> {
  readonly durability: Durability
  /** About how many rows it writes. */
  readonly weight: number
  /** Runs in a transaction of its own and without the node check: for the job that makes the node's epoch. */
  readonly alone?: boolean
  /** Changes nothing: by itself it is no reason for a commit. */
  readonly isProbe?: boolean
  /** Awaits nothing but `tx`. A rejection undoes this job's writes and no other's. */
  run(tx: Executor): Promise<T>
}

export interface CommitQueueOptions {
  readonly connection: WriteConnection
  /** Checked once per transaction: whether this gateway's life is still the newest of its node. */
  ownsNode(tx: Executor): Promise<boolean>
  /** Called when a transaction has ended, before its callers hear of it. */
  settled(committed: boolean): void
  /** Told right before and right after each transaction. */
  working?(isWorking: boolean): void
  /** Asked when the disk is full. True: there is more room now, the transaction is to be tried again; false: it is a device error. */
  makeRoom(): boolean
  /** Called once, at the first device error. */
  failed(error: HoldfastError): void
}

interface Waiting {
  readonly job: Job<unknown>
  resolve(value: any): void
  reject(error: unknown): void
}

type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown }

/** Bounds how long one transaction holds the loop: 512 events are 1 to 2 ms. */
const SLICE_WEIGHT_MAX = 512
/** Far above what the actors can have in flight, one commit each. */
const WAITING_MAX = 65_536
const BUSY_MS_MAX = 5_000
const BUSY_RETRY_MS = 2

export class CommitQueue {
  readonly #options: CommitQueueOptions
  #waiting: Waiting[] = []
  #mode: 'open' | 'closed' | { readonly failure: HoldfastError } = 'open'
  #draining = false
  #idle = Promise.withResolvers<void>()
  #busySince: number | undefined

  constructor(options: CommitQueueOptions) {
    this.#options = options
    this.#idle.resolve()
  }

  /** Jobs that are in no transaction yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Resolves with the job's value after the commit. STORE_FAILED, LEASE_LOST, or the job's own rejection. */
  push<T>(job: Job<T>): Promise<T> {
    if (this.#mode === 'closed') return Promise.reject(new HoldfastError('STORE_FAILED', { reason: 'it is closed' }))
    if (this.#mode !== 'open') return Promise.reject(this.#mode.failure)
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(new HoldfastError('STORE_FAILED', { reason: `${WAITING_MAX} writes are waiting` }))
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject })
      this.#start()
    })
  }

  /** Refuses new jobs; resolves when those before it have ended. */
  close(): Promise<void> {
    if (this.#mode === 'open') this.#mode = 'closed'
    return this.#idle.promise
  }

  #start(): void {
    if (this.#draining) return
    this.#draining = true
    this.#idle = Promise.withResolvers()
    setImmediate(() => void this.#drain())
  }

  async #drain(): Promise<void> {
    const batch = this.#takeBatch()
    const end = await this.#runBatch(batch)
    if (end !== 'ended') this.#waiting = [...batch, ...this.#waiting]
    if (this.#waiting.length === 0) {
      this.#draining = false
      this.#idle.resolve()
    } else if (end === 'busy') {
      void pause(BUSY_RETRY_MS).then(() => this.#drain())
    } else {
      setImmediate(() => void this.#drain())
    }
  }

  #takeBatch(): Waiting[] {
    let weight = 0
    let count = 0
    for (const { job } of this.#waiting) {
      if (count > 0 && (job.alone || weight + job.weight > SLICE_WEIGHT_MAX)) break
      weight += job.weight
      count += 1
      if (job.alone) break
    }
    const batch = this.#waiting
    this.#waiting = count === batch.length ? [] : batch.splice(count)
    return batch
  }

  async #runBatch(batch: readonly Waiting[]): Promise<'ended' | 'busy' | 'undone'> {
    const { connection, settled } = this.#options
    this.#options.working?.(true)
    const durability = batch.some(({ job }) => job.durability === 'promise') ? 'promise' : 'batch'
    try {
      await connection.begin(durability)
      this.#busySince = undefined
      const outcomes = await this.#runJobs(batch)
      const committed = outcomes.some(({ ok }, i) => ok && batch[i]!.job.isProbe !== true)
      await (committed ? connection.commit() : connection.rollback())
      settled(committed)
      batch.forEach((waiting, i) => settle(waiting, outcomes[i]!))
    } catch (error) {
      if (error instanceof ConnectionBusyError && this.#mayWait()) return 'busy'
      await this.#undo()
      if (error instanceof DiskFullError && this.#options.makeRoom()) return 'undone'
      await this.#fail(batch, error)
    } finally {
      this.#options.working?.(false)
    }
    return 'ended'
  }

  async #runJobs(batch: readonly Waiting[]): Promise<Outcome[]> {
    const { connection, ownsNode } = this.#options
    const [first] = batch
    if (!first!.job.alone && !(await ownsNode(connection))) {
      return batch.map(() => ({ ok: false, error: new LeaseLostError({ reason: 'the node has a newer life' }) }))
    }
    if (batch.length === 1) return [await this.#runJob(first!.job)]
    const outcomes: Outcome[] = []
    for (const { job } of batch) {
      await connection.savepoint()
      const outcome = await this.#runJob(job)
      await (outcome.ok ? connection.release() : connection.rollbackToSavepoint())
      outcomes.push(outcome)
    }
    return outcomes
  }

  async #runJob(job: Job<unknown>): Promise<Outcome> {
    try {
      return { ok: true, value: await job.run(this.#options.connection) }
    } catch (error) {
      if (isConnectionFailure(error) || isOfConnection(error)) throw error
      return { ok: false, error }
    }
  }

  /** Another process (a backup, a shell) may hold the lock for a while; the loop stays free meanwhile. */
  #mayWait(): boolean {
    this.#busySince ??= performance.now()
    return performance.now() - this.#busySince < BUSY_MS_MAX
  }

  async #undo(): Promise<void> {
    this.#options.settled(false)
    try {
      await this.#options.connection.rollback()
    } catch {
      // The error that led here is the one to report.
    }
  }

  /** Who is refused is told so only when what it asked for will not be found later. */
  async #takeBack(): Promise<void> {
    try {
      await this.#options.connection.takeBack()
    } catch {
      // The device takes nothing any more.
    }
  }

  /** A lock that is never freed refuses this batch; a device error refuses everything from now on: an fsync is not retried. */
  async #fail(batch: readonly Waiting[], error: unknown): Promise<void> {
    const isBusy = error instanceof ConnectionBusyError
    const failure = toFailure(error)
    this.#busySince = undefined
    if (!isBusy) await this.#takeBack()
    for (const { reject } of batch) reject(failure)
    if (isBusy) return
    for (const { reject } of this.#waiting) reject(failure)
    this.#waiting = []
    assert(typeof this.#mode === 'string', 'a failed queue runs nothing')
    this.#mode = { failure }
    this.#options.failed(failure)
  }
}

function isOfConnection(error: unknown): error is ConnectionBusyError | DiskFullError {
  return error instanceof ConnectionBusyError || error instanceof DiskFullError
}

function settle(waiting: Waiting, outcome: Outcome): void {
  if (outcome.ok) waiting.resolve(outcome.value)
  else waiting.reject(outcome.error)
}

function toFailure(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error
  const reason = isOfConnection(error) ? error.message : 'an internal error'
  return new HoldfastError('STORE_FAILED', { reason }, { cause: error })
}
