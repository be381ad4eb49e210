// Brings a database file to the schema this version knows, by numbered SQL files, each in one transaction.
// Refuses a newer schema, a foreign file and a damaged one before anything is written.

import { randomInt } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

import { HoldfastError } from '../base/errors.ts'
import { fromSqlite, isDamage } from './sqlite-connection.ts'

/** 'Hold' in ASCII; marks the file as ours. */
const APPLICATION_ID = 0x486f6c64
const INSTANCE_NUMBER_MAX = 2 ** 24

interface Migration {
  readonly version: number
  readonly url: URL
}

/**
 * Looks without writing. STORE_NEWER when the schema is newer than this version, STORE_UNUSABLE when the file is damaged or
 * another program's.
 */
export function assertMigratable(file: string): void {
  if (!existsSync(file)) return
  try {
    using db = new DatabaseSync(lookingUrl(file), { readOnly: true })
    const found = pragma(db, 'user_version')
    const owner = pragma(db, 'application_id')
    const known = listMigrations().at(-1)!.version
    if (owner !== APPLICATION_ID && (owner !== 0 || found !== 0)) unusable(`${file} belongs to another program`)
    if (found > known) throw new HoldfastError('STORE_NEWER', { found, known })
  } catch (error) {
    if (isDamage(error)) unusable(`${file} is damaged`, error)
    throw fromSqlite(error)
  }
}

/** A look at a WAL database makes companions of it, unless SQLite is told that nothing changes: true where there is no WAL. */
function lookingUrl(file: string): URL {
  const url = pathToFileURL(file)
  const walBytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (walBytes === 0) url.search = 'immutable=1'
  return url
}

/** Applies what is missing. Returns the instance number, which is made with the database. */
export function migrate(db: DatabaseSync): number {
  const current = pragma(db, 'user_version')
  for (const { version, url } of listMigrations()) {
    if (version > current) apply(db, version, readFileSync(url, 'utf8'))
  }
  const row = db.prepare("SELECT value FROM meta WHERE name = 'instance_number'").get()
  return Number(row!['value'])
}

function apply(db: DatabaseSync, version: number, text: string): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec(text)
    if (version === 1) {
      db.exec(`INSERT INTO meta (name, value) VALUES ('instance_number', '${randomInt(1, INSTANCE_NUMBER_MAX)}')`)
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    }
    db.exec(`PRAGMA user_version = ${version}`)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** In ascending order; the file's name starts with its version. */
function listMigrations(): Migration[] {
  const folder = new URL('./migrations/sqlite/', import.meta.url)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => ({ version: Number.parseInt(name, 10), url: new URL(name, folder) }))
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()![name])
}

function unusable(reason: string, cause?: unknown): never {
  throw new HoldfastError('STORE_UNUSABLE', { reason }, { cause })
}
