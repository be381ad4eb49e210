// What is known of an agent before anybody configured it: how it is started, where it comes from, how a person logs in.

/** How a login shows from outside. Nothing of it is ever opened or sent anywhere: only whether it is there. */
export interface LoginFacts {
  /** Any of these variables is a login. They are handed to this agent when the gateway has them. */
  readonly variables: readonly string[]
  /** Any of these files is a login; relative to the home directory of the agent. */
  readonly files: readonly string[]
  /** True when there is no other way: then neither variable nor file means "not logged in". */
  readonly isAll: boolean
  /** What a person does to log in; one line. */
  readonly how: string
}

export interface CatalogEntry {
  /** Lower case, digits, dash. */
  readonly name: string
  readonly title: string
  /** Other names that people know it by. */
  readonly aliases?: readonly string[]
  /** Program, looked up in the PATH of the agent, and its arguments. */
  readonly argv: readonly [string, ...string[]]
  /** Of npm, `name@version`; the first has the program. Empty: it has an installer of its own, or an imported registry knows more. */
  readonly packages: readonly string[]
  /** Oldest Node that it runs on. */
  readonly node?: string
  /** Given to it always; no secrets. */
  readonly env?: Readonly<Record<string, string>>
  /** Handed to it when the gateway has them, besides those of the login. */
  readonly passes?: readonly string[]
  readonly login: LoginFacts
  readonly homepage?: string
  /** Cannot work without the install scripts of its packages. */
  readonly needsScripts?: boolean
  /** What a user should know; one line. */
  readonly note?: string
}
