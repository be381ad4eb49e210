// The SQLite engine against the conformance suite of stores.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openSqliteStore } from '../../src/store/open-sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { storeConformance } from './store-conformance.ts'
import type { StoreUnderTest } from './store-conformance.ts'
import { NODE, NOW } from './store/records.ts'

storeConformance('SQLite', async (): Promise<StoreUnderTest> => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-store-'))
  const file = join(directory, 'store.db')
  const opened: Store[] = []
  const open = async (): Promise<Store> => {
    const store = await openSqliteStore({ file })
    opened.push(store)
    return store
  }
  const store = await open()
  await store.openNode(NODE, NOW)
  return {
    store,
    openRival: open,
    reopen: async () => {
      await store[Symbol.asyncDispose]()
      return open()
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of opened) await one[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
})
