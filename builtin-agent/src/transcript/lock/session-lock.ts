// The write lock of one file: a queue inside this process, the kernel's lock among processes, a watchdog over each hold.
// Owns who may write; never what is written. Nobody waits without a bound, nobody's hold is taken by another process.

import type { AsyncLocalStorage } from 'node:async_hooks'

import type { Clock } from '../../../../src/base/clock.ts'
import { deadline, ignore, pause } from '../../../../src/base/deadline.ts'
import { HoldfastError } from '../../../../src/base/errors.ts'
import type { Diagnose } from '../diagnose.ts'
import { Hold, NestedHold } from './hold.ts'
import type { Holders } from './holders.ts'
import { KernelLock } from './kernel-lock.ts'
import type { HoldOptions, LockHold, SessionLock } from '../port.ts'

const WAIT_MS = 10_000
const HOLD_MS_MAX = 5_000
/** A try costs some 10 us; death is seen within the last of these. */
const RETRY_MS_MIN = 1
const RETRY_MS_MAX = 4

/** The innermost hold of an async context, and those around it. */
export interface HoldContext {
  readonly lock: SessionLock
  readonly hold: Hold
  readonly outer: HoldContext | undefined
}

export interface LockDeps {
  readonly clock: Clock
  readonly holders: Holders
  readonly context: AsyncLocalStorage<HoldContext>
  readonly diagnose: Diagnose
}

/** What is locked: its name in messages, the name that all processes know, and the kernel's file for it. */
export interface LockTarget {
  readonly file: string
  readonly key: string
  readonly lockFile: string
}

interface Waiter {
  readonly grant: () => void
  isGranted: boolean
}

/** Idle, or one hold is in or being waited for at the kernel; the others of this process queue in the order they came. */
export class FileLock implements SessionLock {
  readonly #target: LockTarget
  readonly #deps: LockDeps
  readonly #queue: Waiter[] = []
  #isBusy = false

  constructor(target: LockTarget, deps: LockDeps) {
    this.#target = target
    this.#deps = deps
  }

  async acquire(options: HoldOptions): Promise<LockHold & Pick<Hold, 'lostError'>> {
    const own = options.nested === true ? this.#holdOfContext() : undefined
    if (own !== undefined) return new NestedHold(own)
    const giveUpAt = performance.now() + (options.waitMs ?? WAIT_MS)
    await this.#enter(giveUpAt, options.signal)
    const kernel = new KernelLock(this.#target.lockFile)
    try {
      await this.#take(kernel, giveUpAt, options.signal)
      return this.#begin(kernel, options)
    } catch (error) {
      kernel.release()
      this.#leave()
      throw error
    }
  }

  async hold<T>(options: HoldOptions, body: (hold: LockHold) => T | Promise<T>): Promise<T> {
    const hold = await this.acquire(options)
    try {
      const run = async (): Promise<T> => body(hold)
      const work =
        hold instanceof Hold
          ? this.#deps.context.run({ lock: this, hold, outer: this.#deps.context.getStore() }, run)
          : run()
      return await untilRevoked(work, hold)
    } finally {
      hold.release()
    }
  }

  #holdOfContext(): Hold | undefined {
    for (let at = this.#deps.context.getStore(); at !== undefined; at = at.outer) {
      if (at.lock === this && at.hold.isHeld) return at.hold
    }
    return undefined
  }

  async #enter(giveUpAt: number, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#isBusy) {
      this.#isBusy = true
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiter: Waiter = { grant: resolve, isGranted: false }
    this.#queue.push(waiter)
    const ms = Math.max(0, giveUpAt - performance.now())
    try {
      await deadline(promise, { ms, stage: 'session lock', ...(signal && { signal }) })
    } catch (error) {
      if (waiter.isGranted) this.#leave()
      else this.#queue.splice(this.#queue.indexOf(waiter), 1)
      throw isDeadline(error) ? this.#lockedError() : error
    }
  }

  #leave(): void {
    const next = this.#queue.shift()
    if (next === undefined) {
      this.#isBusy = false
      return
    }
    next.isGranted = true
    next.grant()
  }

  async #take(kernel: KernelLock, giveUpAt: number, signal: AbortSignal | undefined): Promise<void> {
    let retryMs = RETRY_MS_MIN
    while (!kernel.tryTake()) {
      if (performance.now() >= giveUpAt) throw this.#lockedError()
      await pause(retryMs, signal)
      retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)
    }
    if (signal?.aborted) await pause(0, signal)
  }

  #begin(kernel: KernelLock, { stage, holdMsMax = HOLD_MS_MAX }: HoldOptions): Hold {
    const { clock, holders } = this.#deps
    const { key } = this.#target
    const since = clock.now()
    const hold = new Hold(this.#target.file, () => {
      watchdog.cancel()
      holders.clear(key)
      kernel.release()
      this.#leave()
    })
    const watchdog = clock.at(since + holdMsMax, () => this.#revokeLate(hold, stage, since))
    holders.note({ key, since, stage })
    return hold
  }

  #revokeLate(hold: Hold, stage: string, since: number): void {
    const heldMs = this.#deps.clock.now() - since
    if (!hold.revoke(`the lock was held for ${heldMs} ms`)) return
    const { file } = this.#target
    this.#deps.diagnose('transcript lock was held for too long', { file, pid: process.pid, stage, heldMs })
  }

  #lockedError(): HoldfastError {
    const { file, key } = this.#target
    const holder = this.#deps.holders.find(key)
    const { pid, since, stage, liveness = 'unknown' } = holder ?? {}
    return new HoldfastError('SESSION_LOCKED', {
      file,
      pid,
      liveness,
      since: since === undefined ? undefined : new Date(since).toISOString(),
      stage,
    })
  }
}

/** Settles as `work` does, or rejects as soon as the hold is revoked: nobody waits for a body that hangs. */
function untilRevoked<T>(work: Promise<T>, hold: LockHold & Pick<Hold, 'lostError'>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onRevoked = (): void => reject(hold.lostError())
    hold.signal.addEventListener('abort', onRevoked, { once: true })
    void work
      .then(resolve, reject)
      .finally(() => hold.signal.removeEventListener('abort', onRevoked))
      .catch(ignore('told to the caller'))
  })
}

function isDeadline(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === 'DEADLINE'
}
