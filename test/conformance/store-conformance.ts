// What every storage engine must do; the definition of the port src/store/store.ts in tests.
// An engine's test file calls `storeConformance` with a way to open it.

import { describe } from 'vitest'

import type { Store } from '../../src/store/store.ts'
import { commitTests } from './store/commits.ts'
import { durabilityTests } from './store/durability.ts'
import { elicitationTests } from './store/elicitations.ts'
import { fenceTests } from './store/fences.ts'
import { lifeTests } from './store/lives.ts'
import { listTests } from './store/lists.ts'
import { permissionAndLeaseTests } from './store/permissions-leases.ts'
import { permissionRuleTests } from './store/permission-rules.ts'
import { taskTests } from './store/tasks.ts'
import { turnTests } from './store/turns.ts'

/** One database, empty at first, with a store on it whose node `local` is open. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: Store
  /** Closes the store and opens another on the same database; no node is open on it yet. */
  reopen(): Promise<Store>
  /** A second store on the same database, as another process would have; no node is open on it yet. */
  openRival(): Promise<Store>
}

export type OpenStore = () => Promise<StoreUnderTest>

export function storeConformance(name: string, openStore: OpenStore): void {
  describe(`${name} store`, () => {
    fenceTests(openStore)
    turnTests(openStore)
    commitTests(openStore)
    durabilityTests(openStore)
    listTests(openStore)
    permissionAndLeaseTests(openStore)
    elicitationTests(openStore)
    permissionRuleTests(openStore)
    taskTests(openStore)
    lifeTests(openStore)
  })
}
