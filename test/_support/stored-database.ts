// The database of a gateway that does not run, read from a copy, or changed in place by hand.

import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { openSqliteStore } from '../../src/store/open-sqlite-store.ts'
import type { LeaseRecord } from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'

const NAME = 'holdfast.db'
const ALL_STATES = ['spawning', 'running', 'stopping', 'closed', 'lost', 'stuck'] as const

/** Gives `read` a copy, so that the next start finds everything exactly as the kill left it. */
export async function readStored<T>(home: string, read: (store: Store) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'hf-facts-'))
  try {
    const file = join(directory, NAME)
    for (const suffix of ['', '-wal']) {
      const source = join(home, `state/${NAME}${suffix}`)
      if (existsSync(source)) await copyFile(source, `${file}${suffix}`)
    }
    await using store = await openSqliteStore({ file })
    return await read(store)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Every lease that there ever was, oldest first. */
export function listStoredLeases(home: string): Promise<LeaseRecord[]> {
  return readStored(home, async (store) => (await store.listLeases(ALL_STATES)).toSorted((a, b) => a.id - b.id))
}

/** What no gateway would write: statements on the database itself. */
export function changeStored(home: string, sql: string, ...values: (string | number)[]): void {
  const db = new DatabaseSync(join(home, 'state', NAME))
  try {
    db.prepare(sql).run(...values)
  } finally {
    db.close()
  }
}
