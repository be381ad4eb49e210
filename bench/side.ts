// A side of the benchmark: one way to drive the same agent, in a process of its own, so that no side pays for another.
// The child's end: answers calls over the IPC channel. The parent's end is side-process.ts.

/** Times of one prompt, in ms from the moment it was handed over. */
export interface TurnTimes {
  /** Until the first update was parsed. */
  readonly firstMs: number
  /** Until the last update was parsed. */
  readonly lastMs: number
  /** Until the end of the turn was parsed. */
  readonly endMs: number
  /** Updates that were seen; a side that loses some is not measured. */
  readonly updates: number
}

export interface TurnBatch {
  readonly turns: readonly TurnTimes[]
  /** CPU time of the process that carries the turns, without the agent and, where there is a gateway, without its client. */
  readonly cpuMs: number
}

export interface SideOptions {
  /** Directory for what the side stores; on the disk of the repository. */
  readonly home: string
  readonly agent: readonly [string, ...string[]]
  /** What starts Holdfast: `bin/holdfast.cjs` of a checkout or of an installed package. */
  readonly launcher: string
  /** Where the agents of a gateway live; `keeper` when absent. */
  readonly hosting?: 'keeper' | 'inline'
  /** Further values of a gateway's configuration, by their names. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Arguments of Node for the process under test. */
  readonly execArgv?: readonly string[]
}

/** What a side can be asked. Every method bounds itself. */
export interface Side {
  /** Gets everything ready that may be warm. Resolves with the pid of the process that carries the turns. */
  open(options: SideOptions): Promise<{ pid: number; readyMs: number }>
  /** Makes a session and sends its first prompt: ms until the agent is ready, and until the turn has ended. */
  coldStart(): Promise<{ session: string; readyMs: number; endMs: number }>
  /** Sends `text` `count` times, one after the other, in an open session. */
  prompt(session: string, text: string, count: number): Promise<TurnBatch>
  /** Ends everything that the side started. */
  close(): Promise<void>
}

export interface Call {
  readonly id: number
  readonly method: keyof Side
  readonly args: unknown[]
}

export type Answer = { readonly id: number } & (
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: string }
)

/** Answers the parent's calls until it goes away; then closes the side and lets the process end. */
export function serveSide(side: Side): void {
  process.on('message', (call: Call) => {
    void answer(side, call).then((message) => process.send?.(message))
  })
  process.once(
    'disconnect',
    () => void side.close().catch((error: unknown) => process.stderr.write(`${String(error)}\n`)),
  )
}

async function answer(side: Side, { id, method, args }: Call): Promise<Answer> {
  try {
    const run = side[method] as (...args: unknown[]) => Promise<unknown>
    return { id, ok: true, value: await run.apply(side, args) }
  } catch (error) {
    return { id, ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
