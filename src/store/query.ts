// Builds the text of a query. Only the generator (tools/gen-statements.ts) calls it: nothing here is loaded by the gateway.

import type { Compilable } from 'kysely'

import type { Query, SqlValue } from './statement.ts'

/** The query that `build` makes. `build` gets a marker for each argument it names, to be used where a value would stand. */
export function query<Args, Row>(build: (args: Args) => Compilable<Row>): Query<Args, Row> {
  const { sql, parameters } = build(markers as Args).compile()
  return {
    sql,
    parameters: parameters.map((parameter) =>
      parameter instanceof Marker ? parameter.name : { constant: parameter as SqlValue },
    ),
  }
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
