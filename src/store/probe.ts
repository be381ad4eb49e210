// What SQLite must be able to do before we trust it with anything: a distribution may link Node to its own.

import { DatabaseSync } from 'node:sqlite'

import { HoldfastError } from '../base/errors.ts'

/** Older ones may damage a WAL database when the WAL is reset (fixed in 3.51.3). */
const VERSION_MIN = [3, 51, 3]

/** STORE_UNUSABLE when SQLite is too old or cuts text at a NUL byte (node:sqlite before 24.16 does). */
export function probeSqlite(): void {
  using db = new DatabaseSync(':memory:')
  const version = String(db.prepare('SELECT sqlite_version() AS version').get()!['version'])
  if (isOlder(version, VERSION_MIN)) unusable(`SQLite ${version} is older than ${VERSION_MIN.join('.')}`)
  const text = 'a\0b\0'
  if (db.prepare('SELECT ? AS text').get(text)!['text'] !== text) unusable('SQLite cuts text at a NUL byte')
}

export function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split('.').map(Number)
  for (const [i, wanted] of than.entries()) {
    const part = parts[i] ?? 0
    if (part !== wanted) return part < wanted
  }
  return false
}

function unusable(reason: string): never {
  throw new HoldfastError('STORE_UNUSABLE', { reason })
}
