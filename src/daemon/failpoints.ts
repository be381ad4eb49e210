// Ends this gateway at a failpoint, for tests: all of them lie at the border of the store, so the store is where they are met.

import type { Failpoint, FailpointName } from '../config/failpoint.ts'
import type { Logger } from '../observe/logger.ts'
import { trySignal } from '../process/signals.ts'
import type { SessionWrite, Store } from '../store/store.ts'

/** `store` itself without a failpoint; else one whose gateway ends when it first gets there. */
export function withFailpoint(store: Store, failpoint: Failpoint | undefined, logger: Logger): Store {
  if (failpoint === undefined) return store
  logger.warn({ ...failpoint }, 'a failpoint is set: this gateway will end itself')
  const overrides = overridesOf(store, new Ending(failpoint))
  return new Proxy(store, {
    get: (target, key) => {
      if (Object.hasOwn(overrides, key)) return Reflect.get(overrides, key)
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function overridesOf(store: Store, ending: Ending): Pick<Store, 'commit' | 'insertLease' | 'updateLease'> {
  return {
    commit: async (fence, durability, writes) => {
      if (writes.some(isEnd)) await ending.reached('end.unstored')
      const events = await store.commit(fence, durability, writes)
      if (writes.some(({ kind }) => kind === 'turn.insert')) await ending.reached('accept.stored')
      if (writes.some(isDispatch)) await ending.reached('dispatch.stored')
      return events
    },
    insertLease: async (lease) => {
      const record = await store.insertLease(lease)
      await ending.reached('lease.intended')
      return record
    },
    updateLease: async (id, patch, now) => {
      if (patch.state === 'running') await ending.reached('lease.started')
      return store.updateLease(id, patch, now)
    },
  }
}

class Ending {
  readonly #failpoint: Failpoint

  constructor(failpoint: Failpoint) {
    this.#failpoint = failpoint
  }

  /** Never settles at the failpoint: nothing that comes after it happens. */
  async reached(name: FailpointName): Promise<void> {
    if (name !== this.#failpoint.name) return
    if (this.#failpoint.action === 'kill') trySignal(process.pid, 'SIGKILL')
    // Out of every promise, as a bug in a listener is.
    queueMicrotask(() => {
      throw new Error(`failpoint ${name}`)
    })
    await new Promise<never>(() => {})
  }
}

function isEnd({ kind }: SessionWrite): boolean {
  return kind === 'turn.end'
}

/** From here on bytes may leave. */
function isDispatch(write: SessionWrite): boolean {
  return write.kind === 'turn.patch' && write.patch.delivery === 'unknown'
}
