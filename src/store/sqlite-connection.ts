// node:sqlite behind the ports: statements prepared once per connection, durability by switching `synchronous`.
// Owns its database handle; the only place that reads SQLite's error codes.

import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'

import { HoldfastError } from '../base/errors.ts'
import { ConnectionBusyError, DiskFullError, RowRefusedError } from './connection.ts'
import type { WriteConnection } from './connection.ts'
import type { Executor, Statement } from './statement.ts'
import type { Durability } from './store.ts'

/** The writer waits this long inside SQLite, which blocks the loop; after that the commit queue waits outside. */
const BUSY_MS_MAX = 2

const WAL_BYTES_MIN = 2 * 1024 * 1024
const FILLER_BYTES = 64 * 1024

// Primary result codes, https://sqlite.org/rescode.html
const BUSY = 5
const FULL = 13
const TOO_BIG = 18
const CONSTRAINT = 19
const MISMATCH = 20
const NOT_A_DATABASE = 26
const CORRUPT = 11
/** Extended: the index of the WAL cannot grow. */
const IOERR_SHMSIZE = 4874

/** A connection that only reads; each statement sees what was committed when it began. */
export class SqliteReader implements Executor, Disposable {
  protected readonly db: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.db = db
  }

  run<Args>(statement: Statement<Args, unknown>, args: Args): number {
    try {
      return Number(this.#prepare(statement).run(...statement.bind(args)).changes)
    } catch (error) {
      throw fromSqlite(error)
    }
  }

  all<Args, Row>(statement: Statement<Args, Row>, args: Args, isEnough?: (row: Row) => boolean): Row[] {
    try {
      const prepared = this.#prepare(statement)
      if (isEnough === undefined) return prepared.all(...statement.bind(args)) as Row[]
      return takeUntil(prepared.iterate(...statement.bind(args)) as Iterable<Row>, isEnough)
    } catch (error) {
      throw fromSqlite(error)
    }
  }

  [Symbol.dispose](): void {
    this.#prepared.clear()
    if (this.db.isOpen) this.db.close()
  }

  #prepare({ name, sql }: Statement<never, unknown>): StatementSync {
    let prepared = this.#prepared.get(name)
    if (prepared === undefined) {
      prepared = this.db.prepare(sql)
      this.#prepared.set(name, prepared)
    }
    return prepared
  }
}

function takeUntil<Row>(found: Iterable<Row>, isEnough: (row: Row) => boolean): Row[] {
  const rows: Row[] = []
  for (const row of found) {
    rows.push(row)
    if (isEnough(row)) break
  }
  return rows
}

type Command = 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'undo'

export class SqliteWriter extends SqliteReader implements WriteConnection {
  readonly #commands: Record<Command, StatementSync>
  #durability: Durability = 'batch'

  constructor(db: DatabaseSync) {
    super(db)
    this.#commands = {
      begin: db.prepare('BEGIN IMMEDIATE'),
      commit: db.prepare('COMMIT'),
      rollback: db.prepare('ROLLBACK'),
      savepoint: db.prepare('SAVEPOINT caller'),
      release: db.prepare('RELEASE caller'),
      undo: db.prepare('ROLLBACK TO caller'),
    }
  }

  begin(durability: Durability): void {
    if (durability !== this.#durability) {
      // Not a prepared statement: this pragma takes effect when it is compiled. It costs 2 us.
      this.#try(() => this.db.exec(`PRAGMA synchronous = ${durability === 'promise' ? 'FULL' : 'NORMAL'}`))
      this.#durability = durability
    }
    this.#command('begin')
  }

  commit(): void {
    this.#command('commit')
  }

  rollback(): void {
    // SQLite ends the transaction by itself after some failures.
    if (this.db.isTransaction) this.#command('rollback')
  }

  /** The frames of a commit whose fsync failed may be whole in the WAL: another transaction, without a sync, is written over them. */
  takeBack(): void {
    this.#try(() => {
      this.db.exec('PRAGMA synchronous = OFF')
      this.db.exec("REPLACE INTO meta (name, value) VALUES ('wal_filler', hex(randomblob(16)))")
    })
  }

  savepoint(): void {
    this.#command('savepoint')
  }

  release(): void {
    this.#command('release')
  }

  rollbackToSavepoint(): void {
    this.#command('undo')
    this.#command('release')
  }

  #command(name: Command): void {
    this.#try(() => this.#commands[name].run())
  }

  #try(work: () => unknown): void {
    try {
      work()
    } catch (error) {
      throw fromSqlite(error)
    }
  }
}

/** The write connection: WAL, no automatic checkpoint (checkpoint-thread.ts does it), NORMAL until a promise is made. */
export function openWriter(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: BUSY_MS_MAX, enableForeignKeyConstraints: true })
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = -1;
    PRAGMA trusted_schema = OFF;
  `)
  return db
}

/**
 * Fills the WAL file once, so that the first commits overwrite pages instead of growing it: 2 MB take 9 ms and the row is
 * 64 kB of the database. A promise of 7 pages then takes 0.15 ms instead of 0.24 ms from the first one on. On a full disk it stays small.
 */
export function growWal(db: DatabaseSync, file: string): void {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) >= WAL_BYTES_MIN) return
  const fill = db.prepare("REPLACE INTO meta (name, value) VALUES ('wal_filler', hex(randomblob(?)))")
  try {
    for (let bytes = 0; bytes < WAL_BYTES_MIN; bytes += FILLER_BYTES) fill.run(FILLER_BYTES / 2)
    db.exec('PRAGMA wal_checkpoint(RESTART)')
  } catch (error) {
    if (!(fromSqlite(error) instanceof DiskFullError)) throw error
  }
}

export function openReader(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS_MAX })
  db.exec('PRAGMA trusted_schema = OFF')
  return db
}

/** Errors of SQLite as ours; anything else (a bug) as it is. */
export function fromSqlite(error: unknown): unknown {
  const { code, errcode, errstr } = error as { code?: string; errcode?: number; errstr?: string }
  if (code !== 'ERR_SQLITE_ERROR' || errcode === undefined) return error
  const primary = errcode & 0xff
  if (primary === CONSTRAINT || primary === TOO_BIG || primary === MISMATCH) {
    return new RowRefusedError((error as Error).message, { cause: error })
  }
  if (primary === CORRUPT || primary === NOT_A_DATABASE) {
    return new HoldfastError('STORE_DAMAGED', { reason: (error as Error).message }, { cause: error })
  }
  if (primary === FULL || errcode === IOERR_SHMSIZE) return new DiskFullError('the disk is full', { cause: error })
  if (primary === BUSY) return new ConnectionBusyError('another process holds its lock', { cause: error })
  return new HoldfastError('STORE_FAILED', { reason: errstr ?? 'unknown', errcode }, { cause: error })
}

/** Whether the file is damaged or not a database at all. */
export function isDamage(error: unknown): boolean {
  const { errcode } = error as { errcode?: number }
  return errcode !== undefined && [CORRUPT, NOT_A_DATABASE].includes(errcode & 0xff)
}
