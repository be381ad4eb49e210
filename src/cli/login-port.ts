// What `holdfast agents login` and `logout` need from the program around them. Filled in by src/bin: a login runs in the process of the
// command, never in the gateway.

export interface LoginMethodView {
  readonly id: string
  /** Words of the agent. */
  readonly name: string
  readonly description: string | undefined
  readonly kind: 'agent' | 'terminal' | 'unsupported'
  /** Of an unsupported one: the variables that would be the login. */
  readonly variables?: readonly string[]
}

export interface LoginChoice {
  readonly agent: string
  readonly cwd: string
  /** Bound of the login itself, in milliseconds. */
  readonly loginMs: number
  readonly signal: AbortSignal
  /** What the agent writes to stderr, as it comes. */
  hear(chunk: Uint8Array): void
}

export interface LoginPort extends AsyncDisposable {
  /** As its definition says. */
  readonly agent: string
  /** What is known of its login besides what it says itself; one line. */
  readonly help: string | undefined
  look(): Promise<{ readonly methods: readonly LoginMethodView[]; readonly canLogOut: boolean }>
  /** With one of `look`. AGENT_LOGIN_FAILED, DEADLINE, CANCELLED. */
  logIn(method: LoginMethodView): Promise<void>
  /** AGENT_UNSUPPORTED when the agent has no logout, AGENT_LOGIN_FAILED when it refuses. */
  logOut(): Promise<void>
  /** Whether a new process of the agent opens a session; false: it wants a login. */
  prove(): Promise<boolean>
}
