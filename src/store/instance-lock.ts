// One gateway per state directory: an SQLite file of its own, held with an exclusive lock that the kernel frees at any death.
// Never open this file with `fs`: closing it would drop the lock. The row in it serves messages, never the decision.

import { pathToFileURL } from 'node:url'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { pause } from '../base/deadline.ts'
import { HoldfastError } from '../base/errors.ts'
import { fromSqlite } from './sqlite-connection.ts'
import { ConnectionBusyError, DiskFullError } from './connection.ts'
import { ensurePrivateFile } from './state-dir.ts'

/** Who holds the lock. */
export interface InstanceOwner {
  readonly pid: number
  /** Start time of `pid` in clock ticks since boot. */
  readonly start: string
  readonly boot: string
  readonly version: string
  /** Epoch ms. */
  readonly since: number
}

export interface InstanceLockOptions {
  /** How long to try, so that "stop; start" works. 0: once. */
  readonly waitMs: number
  readonly signal?: AbortSignal
}

const RETRY_MS = 25

/** Resolves with the held lock. INSTANCE_LOCKED with the holder's pid and start; CANCELLED; STORE_UNUSABLE; STORE_FAILED. */
export async function acquireInstanceLock(
  file: string,
  owner: InstanceOwner,
  { waitMs, signal }: InstanceLockOptions,
): Promise<Disposable> {
  const giveUpAt = performance.now() + waitMs
  ensurePrivateFile(file)
  for (;;) {
    const lock = tryLock(file, owner)
    if (lock) return lock
    if (performance.now() >= giveUpAt) throw lockedError(file)
    await pause(RETRY_MS, signal)
  }
}

function tryLock(file: string, owner: InstanceOwner): Disposable | undefined {
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    // EXCLUSIVE keeps the file lock after the commit, for as long as the connection is open.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    db.exec('CREATE TABLE IF NOT EXISTS owner (one INTEGER PRIMARY KEY, pid, start, boot, version, since)')
    const { pid, start, boot, version, since } = owner
    db.prepare('REPLACE INTO owner VALUES (1, ?, ?, ?, ?, ?)').run(pid, start, boot, version, since)
    db.exec('COMMIT')
  } catch (error) {
    db.close()
    const known = fromSqlite(error)
    if (known instanceof ConnectionBusyError) return undefined
    if (known instanceof DiskFullError)
      throw new HoldfastError('STORE_FAILED', { reason: known.message }, { cause: error })
    throw new HoldfastError('STORE_UNUSABLE', { reason: `${file} cannot be locked` }, { cause: error })
  }
  return { [Symbol.dispose]: () => db.isOpen && db.close() }
}

function lockedError(file: string): HoldfastError {
  const owner = readOwner(file)
  const since = owner && new Date(owner.since).toISOString()
  return new HoldfastError('INSTANCE_LOCKED', {
    stateDir: dirname(file),
    pid: owner?.pid,
    version: owner?.version,
    since,
  })
}

/** The row of the lock's holder, or of the last one. Reads past the lock, so the answer is a hint. */
export function readOwner(file: string): InstanceOwner | undefined {
  const url = pathToFileURL(file)
  url.search = 'immutable=1'
  try {
    using db = new DatabaseSync(url, { readOnly: true })
    return db.prepare('SELECT pid, start, boot, version, since FROM owner').get() as InstanceOwner | undefined
  } catch {
    // No table yet, or written to at this moment.
    return undefined
  }
}
