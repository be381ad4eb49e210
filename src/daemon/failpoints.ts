// Ends this gateway at a failpoint, or lets it stand still, for tests: all of them lie at the border of the store, so the store is
// where they are met.

import type { Failpoint, FailpointName } from '../config/failpoint.ts'
import type { Logger } from '../observe/logger.ts'
import { trySignal } from '../process/signals.ts'
import type { SessionWrite, Store } from '../store/store.ts'

/** `store` itself without a failpoint; else one whose gateway fails as that says when it first gets there. */
export function withFailpoint(store: Store, failpoint: Failpoint | undefined, logger: Logger): Store {
  if (failpoint === undefined) return store
  logger.warn({ ...failpoint }, 'a failpoint is set: this gateway will fail on purpose')
  const overrides = overridesOf(store, new Fault(failpoint))
  return new Proxy(store, {
    get: (target, key) => {
      if (Object.hasOwn(overrides, key)) return Reflect.get(overrides, key)
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function overridesOf(store: Store, fault: Fault): Pick<Store, 'commit' | 'insertLease' | 'updateLease' | 'probe'> {
  return {
    probe: async () => {
      if (fault.isHanging) await NEVER
      await store.probe()
    },
    commit: async (fence, durability, writes) => {
      if (fault.isHanging) await NEVER
      if (writes.some(isEnd)) await fault.reached('end.unstored')
      const events = await store.commit(fence, durability, writes)
      if (writes.some(({ kind }) => kind === 'turn.insert')) await fault.reached('accept.stored')
      if (writes.some(isDispatch)) await fault.reached('dispatch.stored')
      return events
    },
    insertLease: async (lease) => {
      const record = await store.insertLease(lease)
      await fault.reached('lease.intended')
      return record
    },
    updateLease: async (id, patch, now) => {
      if (patch.state === 'running') await fault.reached('lease.started')
      return store.updateLease(id, patch, now)
    },
  }
}

const NEVER = new Promise<never>(() => {})

class Fault {
  readonly #failpoint: Failpoint
  #hasBlocked = false
  /** From here on nothing of the store comes back. */
  isHanging = false

  constructor(failpoint: Failpoint) {
    this.#failpoint = failpoint
  }

  /** Never settles at the failpoint, unless it only blocks: nothing that comes after it happens. */
  async reached(name: FailpointName): Promise<void> {
    const { action, blockMs } = this.#failpoint
    if (name !== this.#failpoint.name) return
    if (action === 'block') return this.#block(blockMs)
    if (action === 'hang') this.isHanging = true
    if (action === 'kill') trySignal(process.pid, 'SIGKILL')
    // Out of every promise, as a bug in a listener is.
    if (action === 'throw')
      queueMicrotask(() => {
        throw new Error(`failpoint ${name}`)
      })
    await NEVER
  }

  /** The whole thread, as a loop without an end or a disk that hangs does. */
  #block(ms: number): void {
    if (this.#hasBlocked) return
    this.#hasBlocked = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  }
}

function isEnd({ kind }: SessionWrite): boolean {
  return kind === 'turn.end'
}

/** From here on bytes may leave. */
function isDispatch(write: SessionWrite): boolean {
  return write.kind === 'turn.patch' && write.patch.delivery === 'unknown'
}
