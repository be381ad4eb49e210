// What differs between the engines in the text of statements: the compiler's dialect and who supplies the time.
// Owns no connection: Kysely is used as a builder only.

import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import type { RawBuilder } from 'kysely'

import type { TableTypes } from './schema.ts'

export interface StoreDialect {
  readonly builder: Kysely<TableTypes>
  /** The time a statement writes: our clock's on SQLite; a server would use its own and leave `args.now` out. */
  now(args: { now: number }): RawBuilder<number>
}

export function sqliteDialect(): StoreDialect {
  const builder = new Kysely<TableTypes>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
  return { builder, now: (args) => sql<number>`${args.now}` }
}
