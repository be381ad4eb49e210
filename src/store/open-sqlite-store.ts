// The embedded engine: one SQLite file, one write connection, one read connection, checkpoints on a thread.
// The caller holds the instance lock; this file does not decide who may open.

import { dirname } from 'node:path'

import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { HoldfastError } from '../base/errors.ts'
import type { Logger } from '../observe/logger.ts'
import { backUp } from './backup.ts'
import { DiskFullError } from './connection.ts'
import { Checkpointer } from './checkpoint.ts'
import type { ThreadProgram } from './checkpoint.ts'
import { assertMigratable, migrate } from './migrate.ts'
import { probeSqlite } from './probe.ts'
import { Reserve } from './reserve.ts'
import { Repository } from './repository.ts'
import { fromSqlite, growWal, openReader, openWriter, SqliteReader, SqliteWriter } from './sqlite-connection.ts'
import { ensurePrivateFile } from './state-dir.ts'
import { SQLITE_STATEMENTS } from './statements.gen.ts'
import type { Store } from './store.ts'
import { createTables } from './tables.ts'

export interface SqliteStoreOptions {
  /** Absolute path; made with mode 0600 when it is missing. Its directory must exist. */
  readonly file: string
  readonly clock?: Clock
  readonly logger?: Logger
  /** Told right before and right after each transaction: for who watches whether one comes back. */
  readonly onWork?: (isWorking: boolean) => void
  /** What its thread runs, if that does more than checkpoints. */
  readonly thread?: ThreadProgram
  /** Called once, at the first device error: the gateway stops accepting and exits. */
  readonly onFailure?: (error: HoldfastError) => void
  /** File that is given up when the disk is full, see reserve.ts; without it a full disk is a device error. */
  readonly reserveFile?: string
}

/** STORE_UNUSABLE, STORE_NEWER (the file is not touched), STORE_FAILED, STATE_DIR_UNSAFE. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, clock = systemClock, logger, thread, onWork, onFailure, reserveFile } = options
  probeSqlite()
  ensurePrivateFile(file)
  assertMigratable(file)
  const { writer, reader, instanceNumber } = connect(file)
  const report = (problem: string): void => logger?.warn({ problem, directory: dirname(file) }, 'checkpoint failed')
  const checkpointer = new Checkpointer(file, clock, report, thread)
  const changed = (hasRoom: boolean): void => {
    if (hasRoom) logger?.info({ directory: dirname(file) }, 'there is room on the disk again')
    else logger?.error({ directory: dirname(file) }, 'the disk is full: new work is refused, what runs may end')
  }
  const reserve = reserveFile === undefined ? undefined : new Reserve({ file: reserveFile, clock, changed })
  return new Repository({
    tables: createTables(SQLITE_STATEMENTS),
    reader,
    writer,
    instanceNumber,
    now: () => clock.now(),
    committed: () => checkpointer.touch(),
    working: (isWorking) => onWork?.(isWorking),
    failed: (error) => {
      logger?.error({ err: error }, 'store failed')
      onFailure?.(error)
    },
    checkFiles: () => checkpointer.checkFile(),
    backUp: (target, check) => backUp(file, target, check),
    damaged: ({ id }, damage) => logger?.error({ sessionId: id, damage }, 'session put into quarantine'),
    hasRoom: () => reserve?.hasRoom ?? true,
    makeRoom: () => reserve?.giveUp() ?? false,
    close: async () => {
      await reserve?.close()
      await checkpointer.close()
      reader[Symbol.dispose]()
      writer[Symbol.dispose]()
    },
  })
}

function connect(file: string): { writer: SqliteWriter; reader: SqliteReader; instanceNumber: number } {
  try {
    const db = openWriter(file)
    const instanceNumber = migrate(db)
    growWal(db, file)
    return { writer: new SqliteWriter(db), reader: new SqliteReader(openReader(file)), instanceNumber }
  } catch (error) {
    const known = fromSqlite(error)
    throw known instanceof DiskFullError
      ? new HoldfastError('STORE_FAILED', { reason: known.message }, { cause: error })
      : known
  }
}
