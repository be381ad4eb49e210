// A statement: SQL that is built and compiled once when the store opens, then run with named arguments.
// Owns the mapping from names to positions; never talks to a database.

import type { Compilable } from 'kysely'

export type SqlValue = string | number | null

/** `Args` are the names the SQL needs, `Row` what it gives back. `name` is unique within a store. */
export interface Statement<Args, Row> {
  readonly name: string
  readonly sql: string
  bind(args: Args): SqlValue[]
  /** Type only. */
  readonly row?: Row
}

/** Runs statements on one connection. SQLite answers at once, PostgreSQL with promises; callers await either. */
export interface Executor {
  /** Resolves with the number of rows that changed. */
  run<Args>(statement: Statement<Args, unknown>, args: Args): number | Promise<number>
  /** `isEnough` is asked after each row; the rows end with the one for which it says yes. */
  all<Args, Row>(statement: Statement<Args, Row>, args: Args, isEnough?: (row: Row) => boolean): Row[] | Promise<Row[]>
}

/**
 * Compiles the query that `build` makes. `build` gets a marker for each argument it names, to be used where a value would
 * stand. Its cost (35 to 60 us with Kysely) is paid once; a call of the statement costs what a raw prepared one costs.
 */
export function statement<Args, Row>(name: string, build: (args: Args) => Compilable<Row>): Statement<Args, Row> {
  const { sql, parameters } = build(markers as Args).compile()
  const names = parameters.map((parameter) => (parameter instanceof Marker ? parameter.name : undefined))
  const constants = parameters.map((parameter) => (parameter instanceof Marker ? null : (parameter as SqlValue)))
  const bind = (args: Args): SqlValue[] => {
    const given = args as Readonly<Record<string, SqlValue>>
    const values = constants.slice()
    for (let i = 0; i < names.length; i++) {
      const key = names[i]
      if (key !== undefined) values[i] = given[key] as SqlValue
    }
    return values
  }
  return { name, sql, bind }
}

/** A row to insert in which every column is an argument of the same name. */
export function rowOf<Row>(args: Row, columns: readonly (keyof Row)[]): Row {
  return Object.fromEntries(columns.map((column) => [column, args[column]])) as Row
}

class Marker {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** Has a marker under every name. */
const markers: unknown = new Proxy({}, { get: (_, name) => new Marker(String(name)) })
