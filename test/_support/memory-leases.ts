// Lease rows in memory, for tests of what runs on top of them. Every write is a turn of the loop late, like a real store.

import type { LeaseStore } from '../../src/lease/process-leases.ts'
import type { KeeperRecord, LeaseRecord, LeaseState } from '../../src/store/records.ts'

export interface MemoryLeases extends LeaseStore {
  readonly rows: ReadonlyMap<number, LeaseRecord>
  readonly keepers: readonly KeeperRecord[]
  /** Every state each lease went through, in order. */
  readonly history: readonly { readonly id: number; readonly state: LeaseState }[]
  /** Set to make the next writes of that kind reject. */
  failing: 'insert' | 'update' | undefined
}

/** Tags carry the number of a keeper; tests that read tags know this one. */
const FIRST_KEEPER = 7

/** `instance` defaults to a random 24-bit number, so that tests that run side by side never see each other's processes. */
export function createMemoryLeases(
  instance = Math.floor(Math.random() * 0xff_ffff),
  before: readonly LeaseRecord[] = [],
): MemoryLeases {
  const rows = new Map(before.map((row) => [row.id, row]))
  const keepers: KeeperRecord[] = []
  const history: { id: number; state: LeaseState }[] = []
  const leases: MemoryLeases = {
    rows,
    keepers,
    history,
    failing: undefined,
    instanceNumber: () => instance,
    insertKeeper: async (keeper) => {
      await nextTurn()
      const record = {
        ...keeper,
        no: keepers.length + FIRST_KEEPER,
        pid: undefined,
        startTicks: undefined,
        endedAt: undefined,
      }
      keepers.push(record)
      return record
    },
    updateKeeper: async (no, patch) => {
      await nextTurn()
      keepers[no - FIRST_KEEPER] = { ...keepers[no - FIRST_KEEPER]!, ...patch }
    },
    listKeepers: async () => {
      await nextTurn()
      return keepers.filter(({ endedAt }) => endedAt === undefined)
    },
    insertLease: async (lease) => {
      await nextTurn()
      if (leases.failing === 'insert') throw new Error('insert refused')
      const record = { ...lease, id: rows.size + 1, updatedAt: lease.createdAt }
      rows.set(record.id, record)
      history.push({ id: record.id, state: record.state })
      return record
    },
    updateLease: async (id, patch, now) => {
      await nextTurn()
      if (leases.failing === 'update') throw new Error('update refused')
      const row = rows.get(id)
      if (row === undefined) throw new Error(`no lease ${id}`)
      rows.set(id, { ...row, ...patch, updatedAt: now })
      if (patch.state) history.push({ id, state: patch.state })
    },
    listLeases: async (states) => {
      await nextTurn()
      return [...rows.values()].filter(({ state }) => states.includes(state))
    },
  }
  return leases
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
