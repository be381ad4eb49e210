// A copy of the database while it is in use: one snapshot by SQLite's own backup, verified, then under its name all at once.
// Has connections of its own and never opens the database with `fs`: to close it would drop the locks of this process.

import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, realpathSync, rmSync } from 'node:fs'
import { open, rename, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, sep } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { getSystemErrorMessage } from 'node:util'

import { systemClock } from '../base/clock.ts'
import { HoldfastError, isHoldfastError } from '../base/errors.ts'
import { Checkpointer } from './checkpoint.ts'
import { fromSqlite, openReader, SqliteReader } from './sqlite-connection.ts'
import type { Executor } from './statement.ts'
import type { BackupTarget } from './store.ts'

/** Looks at a copy through `reader`: one line per problem. */
export type CheckCopy = (reader: Executor) => Promise<string[]>

/** 16 MB in one step of the thread pool; between steps the loop runs and a stop of the process finds nothing half done. */
const PAGES_PER_STEP = 4_096

/** Resolves with the size in bytes when the copy is on disk under its name. BACKUP_FAILED; then nothing new has that name. */
export async function backUp(source: string, target: BackupTarget, check: CheckCopy): Promise<number> {
  const { path } = target
  assertTarget(source, target)
  const partial = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.partial`)
  try {
    closeSync(openSync(partial, 'wx', 0o600))
    await copySnapshot(source, partial)
    const [problem] = await verifyCopy(partial, check)
    if (problem !== undefined) throw failed(path, `the database is damaged: ${problem}`)
    return await putInPlace(partial, path)
  } catch (error) {
    throw isHoldfastError(error) && error.code === 'BACKUP_FAILED' ? error : failed(path, reasonOf(error), error)
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${partial}${suffix}`, { force: true })
  }
}

function assertTarget(source: string, { path, replace }: BackupTarget): void {
  if (!isAbsolute(path)) throw failed(path, 'the path is not absolute')
  const directory = dirname(path)
  if (!existsSync(directory)) throw failed(path, `the directory ${directory} does not exist`)
  const stateDir = realpathSync(dirname(source))
  if (`${realpathSync(directory)}${sep}`.startsWith(`${stateDir}${sep}`)) {
    throw failed(path, 'it would be in the state directory itself, and be lost with it')
  }
  if (!replace && existsSync(path)) throw failed(path, 'there is such a file already (--force replaces it)')
}

/** The read transaction holds one snapshot: commits meanwhile neither show in the copy nor make it start again. */
async function copySnapshot(source: string, partial: string): Promise<void> {
  using db = openReader(source)
  db.exec('BEGIN; SELECT 1 FROM meta')
  await backup(db, partial, { rate: PAGES_PER_STEP })
}

/** Also takes the mark of a WAL database off the copy, so that it is one file. */
async function verifyCopy(partial: string, check: CheckCopy): Promise<string[]> {
  const lone = new DatabaseSync(partial)
  lone.exec('PRAGMA journal_mode = DELETE')
  lone.close()
  const thread = new Checkpointer(partial, systemClock, () => {})
  try {
    using reader = new SqliteReader(openReader(partial))
    return [...(await thread.checkFile()), ...(await check(reader))]
  } finally {
    await thread.close()
  }
}

async function putInPlace(partial: string, path: string): Promise<number> {
  await sync(partial)
  const { size } = await stat(partial)
  await rename(partial, path)
  await sync(dirname(path))
  return size
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function failed(path: string, reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError('BACKUP_FAILED', { path, reason }, { cause })
}

function reasonOf(error: unknown): string {
  const known = fromSqlite(error)
  const { errno } = error as NodeJS.ErrnoException
  if (typeof errno === 'number') return getSystemErrorMessage(errno)
  return known instanceof Error ? known.message : String(known)
}
