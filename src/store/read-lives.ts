// The lives on record, read past the store: for who asks about a gateway that does not run. Needs no lock and writes nothing.

import { existsSync } from 'node:fs'

import { LOCAL_NODE } from './local-wake.ts'
import type { LifeRecord } from './lives.ts'
import { fromSqlite, openReader, SqliteReader } from './sqlite-connection.ts'
import { SQLITE_STATEMENTS } from './statements.gen.ts'
import { createTables } from './tables.ts'

/** Newest first; none when there is no database. STORE_FAILED when it cannot be read, or is of a version without lives. */
export async function readLives(file: string, limit: number): Promise<LifeRecord[]> {
  if (!existsSync(file)) return []
  try {
    using reader = new SqliteReader(openReader(file))
    return await createTables(SQLITE_STATEMENTS).lives.list(reader, LOCAL_NODE, limit)
  } catch (error) {
    throw fromSqlite(error)
  }
}
