// The state directory of a gateway that does not run: under its lock, with or without its database.

import { systemClock } from '../base/clock.ts'
import { pathsOf } from '../config/paths.ts'
import { systemEnvironment } from '../config/environment.ts'
import { acquireInstanceLock } from '../store/instance-lock.ts'
import { openSqliteStore } from '../store/open-sqlite-store.ts'
import { openStateDir, type StateDir } from '../store/state-dir.ts'
import type { Store } from '../store/store.ts'
import { readOwnBirth } from './own-birth.ts'

/** INSTANCE_LOCKED while a gateway runs. */
export async function withStoppedGateway<T>(version: string, work: (stateDir: StateDir) => Promise<T>): Promise<T> {
  const stateDir = openStateDir(pathsOf(systemEnvironment()).stateDir, { allowNetworkFileSystem: true })
  const owner = { ...readOwnBirth(), version, since: systemClock.now() }
  using _lock = await acquireInstanceLock(stateDir.lockFile, owner, { waitMs: 0 })
  return await work(stateDir)
}

/** Also gives `work` the database. INSTANCE_LOCKED while a gateway runs. */
export function withStoppedStore<T>(version: string, work: (store: Store) => Promise<T>): Promise<T> {
  return withStoppedGateway(version, async ({ storeFile }) => {
    await using store = await openSqliteStore({ file: storeFile })
    return await work(store)
  })
}
