// A statement: generated SQL that is run with named arguments.
// Owns the mapping from names to positions; never talks to a database and never builds SQL.

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

/** SQL as the generator writes it. A parameter is the name of an argument or a constant. */
export interface StatementText {
  readonly sql: string
  readonly parameters: readonly (string | { readonly constant: SqlValue })[]
}

/** A text with the types of its arguments and its rows, which only the type checker sees. */
export interface Query<Args, Row> extends StatementText {
  readonly args?: (args: Args) => void
  readonly row?: Row
}

/** The texts of a table's queries: one is missing until the generator has run, and the type check says so. */
export type TextsOf<Queries> = { readonly [Key in keyof Queries]: StatementText }
export type StatementsOf<Queries> = {
  readonly [Key in keyof Queries]: Queries[Key] extends Query<infer Args, infer Row> ? Statement<Args, Row> : never
}

/** The statements of `texts`, named `<table>.<key>`. */
export function statementsOf<Queries>(table: string, texts: TextsOf<Queries>): StatementsOf<Queries> {
  const entries = Object.entries<StatementText>(texts).map(([key, text]) => [key, toStatement(`${table}.${key}`, text)])
  return Object.fromEntries(entries) as StatementsOf<Queries>
}

function toStatement(name: string, { sql, parameters }: StatementText): Statement<unknown, unknown> {
  const names = parameters.map((parameter) => (typeof parameter === 'string' ? parameter : undefined))
  const constants = parameters.map((parameter) => (typeof parameter === 'string' ? null : parameter.constant))
  const bind = (args: unknown): SqlValue[] => {
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
