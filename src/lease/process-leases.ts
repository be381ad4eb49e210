// Rows that prove which OS process trees are ours: intent before the spawn, then the process, then its end.
// Owns the steps of a lease; signals nobody.

import { createHash } from 'node:crypto'

import type { Clock } from '../base/clock.ts'
import type { SessionId } from '../base/ids.ts'
import type { LeaseRecord } from '../store/records.ts'
import type { NodeRecord, Store } from '../store/store.ts'

export type LeaseStore = Pick<
  Store,
  'insertKeeper' | 'updateKeeper' | 'listKeepers' | 'insertLease' | 'updateLease' | 'listLeases' | 'instanceNumber'
>

export interface ProcessLeasesDeps {
  readonly store: LeaseStore
  readonly node: NodeRecord
  readonly clock: Clock
}

export interface LeaseIntent {
  /** Who will hold the process. */
  readonly keeperNo: number
  readonly sessionId: SessionId | undefined
  readonly generation: number
  readonly agent: string
  readonly argv: readonly string[]
  readonly bootId: string
  /** Hard value of the rlimit tag, decimal; empty where trees are marked by the environment alone. */
  readonly tag: string
}

export interface LeasedProcess {
  readonly pid: number
  /** Undefined where start times cannot be read. */
  readonly startTicks: string | undefined
}

/** A tag has 24 bits for the epoch. */
const TAG_EPOCHS = 2 ** 24

/** Steps: spawning → running → stopping → closed; lost (found ended by a later life) and stuck (could not be ended). */
export class ProcessLeases {
  readonly #store: LeaseStore
  readonly #node: NodeRecord
  readonly #clock: Clock

  constructor({ store, node, clock }: ProcessLeasesDeps) {
    this.#store = store
    this.#node = node
    this.#clock = clock
  }

  get instance(): number {
    return this.#store.instanceNumber()
  }

  /** Resolves once the row is on disk: from here on a process that was started and not recorded can be found. */
  intend({ argv, ...intent }: LeaseIntent): Promise<LeaseRecord> {
    return this.#store.insertLease({
      ...intent,
      nodeEpoch: this.#node.epoch,
      state: 'spawning',
      commandDigest: digestCommand(argv),
      pid: undefined,
      startTicks: undefined,
      createdAt: this.#clock.now(),
      exit: undefined,
    })
  }

  running(id: number, { pid, startTicks }: LeasedProcess): Promise<void> {
    const patch = { state: 'running' as const, pid, ...(startTicks === undefined ? {} : { startTicks }) }
    return this.#store.updateLease(id, patch, this.#clock.now())
  }

  stopping(id: number): Promise<void> {
    return this.#store.updateLease(id, { state: 'stopping' }, this.#clock.now())
  }

  /** Every process of the lease is proven gone. `exit` says how the first one ended. */
  closed(id: number, exit: string): Promise<void> {
    return this.#store.updateLease(id, { state: 'closed', exit }, this.#clock.now())
  }

  /** A later life of the gateway found nothing alive, or ended what it found; how it ended is not known. */
  lost(id: number): Promise<void> {
    return this.#store.updateLease(id, { state: 'lost' }, this.#clock.now())
  }

  /** The process that was started for no session serves one now. */
  assigned(id: number, sessionId: SessionId, generation: number): Promise<void> {
    return this.#store.updateLease(id, { sessionId, generation }, this.#clock.now())
  }

  stuck(id: number): Promise<void> {
    return this.#store.updateLease(id, { state: 'stuck' }, this.#clock.now())
  }

  /** Leases that may have live processes. */
  listOpen(): Promise<LeaseRecord[]> {
    return this.#store.listLeases(['spawning', 'running', 'stopping', 'stuck'])
  }
}

/** The number of a keeper as the tags and markers of its processes carry it. */
export function tagEpochOf(keeperNo: number): number {
  return keeperNo % TAG_EPOCHS
}

/** The command is evidence, not a place for secrets in arguments. */
function digestCommand(argv: readonly string[]): string {
  return createHash('sha256').update(argv.join('\0')).digest('hex')
}
