// The list of conversations: an SQLite file that is derived from the transcripts, may be behind them, and can be deleted at any time.
// Many processes write it; nobody waits for another one, and what could not be written, for that or because the disk is full, is written
// with the next change: no conversation fails because of its list.

import { chmodSync, existsSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

import { HoldfastError } from '../../../src/base/errors.ts'
import type { ListOptions, TranscriptId, TranscriptPage, TranscriptSummary } from './port.ts'

const VERSION = 1
const PAGE = 50
const PAGE_MAX = 500

const SCHEMA = `
  CREATE TABLE transcript (
    id TEXT PRIMARY KEY, cwd TEXT NOT NULL, title TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL, parent TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX transcript_newest ON transcript (updated, id);
  CREATE INDEX transcript_newest_in_cwd ON transcript (cwd, updated, id);
  PRAGMA user_version = ${VERSION};`

const UPSERT = `
  INSERT INTO transcript (id, cwd, title, created, updated, parent) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET title = excluded.title, updated = max(updated, excluded.updated)`

interface Row {
  readonly id: TranscriptId
  readonly cwd: string
  readonly title: string | null
  readonly created: number
  readonly updated: number
  readonly parent: TranscriptId | null
}

export class Listing implements Disposable {
  readonly #db: DatabaseSync
  /** What another process's write kept out. */
  readonly #late = new Map<TranscriptId, TranscriptSummary>()

  /** Made anew when it is missing, damaged or of another version; then it is empty. TRANSCRIPT_FAILED. */
  constructor(file: string) {
    this.#db = openListing(file)
  }

  put(summary: TranscriptSummary): void {
    this.putAll([summary])
  }

  putAll(summaries: readonly TranscriptSummary[]): void {
    for (const summary of summaries) this.#late.set(summary.id, summary)
    this.#putLate()
  }

  delete(id: TranscriptId): void {
    this.#late.delete(id)
    this.#try(() => this.#db.prepare('DELETE FROM transcript WHERE id = ?').run(id))
  }

  ids(): ReadonlySet<string> {
    return new Set((this.#db.prepare('SELECT id FROM transcript').all() as { id: string }[]).map(({ id }) => id))
  }

  /** BAD_REQUEST for a cursor or limit that cannot be. */
  page({ cwd, cursor, limit = PAGE }: ListOptions): TranscriptPage {
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > PAGE_MAX) {
      throw new HoldfastError('BAD_REQUEST', { reason: `limit is 1 to ${PAGE_MAX}` })
    }
    this.#putLate()
    const [updated, id] = cursor === undefined ? [Number.MAX_SAFE_INTEGER, ''] : decodeCursor(cursor)
    const where = cwd === undefined ? '' : 'cwd = ? AND'
    const statement = this.#db.prepare(
      `SELECT * FROM transcript WHERE ${where} (updated, id) < (?, ?) ORDER BY updated DESC, id DESC LIMIT ?`,
    )
    const rows = statement.all(...(cwd === undefined ? [] : [cwd]), updated, id, limit + 1) as unknown as Row[]
    const items = rows.slice(0, limit).map(toSummary)
    return rows.length <= limit ? { items } : { items, nextCursor: encodeCursor(items.at(-1)!) }
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    if (!this.#db.isOpen) return
    this.#putLate()
    this.#db.close()
  }

  #putLate(): void {
    if (this.#late.size === 0) return
    this.#try(() => {
      const statement = this.#db.prepare(UPSERT)
      this.#db.exec('BEGIN IMMEDIATE')
      for (const { id, cwd, title, createdAt, updatedAt, parent } of this.#late.values()) {
        statement.run(id, cwd, title ?? null, createdAt, updatedAt, parent ?? null)
      }
      this.#db.exec('COMMIT')
      this.#late.clear()
    })
  }

  #try(write: () => void): void {
    try {
      write()
    } catch {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    }
  }
}

function openListing(file: string): DatabaseSync {
  try {
    return tryOpen(file)
  } catch {
    // Damaged, or of another version. It holds nothing that the transcripts do not.
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
  }
  try {
    return tryOpen(file)
  } catch (cause) {
    throw new HoldfastError('TRANSCRIPT_FAILED', { file, reason: (cause as Error).message }, { cause })
  }
}

function tryOpen(file: string): DatabaseSync {
  const isNew = !existsSync(file)
  const db = new DatabaseSync(file, { timeout: 1_000 })
  try {
    if (isNew) chmodSync(file, 0o600)
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN IMMEDIATE')
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
    if (version === 0) db.exec(SCHEMA)
    else if (version !== VERSION) throw new Error('another version')
    db.exec('COMMIT; PRAGMA busy_timeout = 0')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function toSummary({ id, cwd, title, created, updated, parent }: Row): TranscriptSummary {
  return {
    id,
    cwd,
    createdAt: created,
    updatedAt: updated,
    ...(title !== null && { title }),
    ...(parent !== null && { parent }),
  }
}

function encodeCursor({ updatedAt, id }: TranscriptSummary): string {
  return Buffer.from(`${updatedAt} ${id}`).toString('base64url')
}

function decodeCursor(cursor: string): [number, string] {
  const [updated, id] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ')
  const ms = Number(updated)
  if (id === undefined || !Number.isSafeInteger(ms)) {
    throw new HoldfastError('BAD_REQUEST', { reason: 'the cursor is not one that was given out' })
  }
  return [ms, id]
}
