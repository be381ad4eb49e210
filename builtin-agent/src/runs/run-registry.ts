// The runs that are active in this process, one for each session: who may end them, and who waits for their end.
// Owns no work: a run ends itself, and says so with the handle it was given. An older run's handle does nothing to its successor.

import { deadline } from '../../../src/base/deadline.ts'
import { DeadlineError } from '../../../src/base/errors.ts'

const WAIT_MS = 15_000

export type RunState = 'working' | 'compacting'

/** What a run offers to the registry. */
export interface Run {
  /** Asks the run to end; it says itself when it has. May come more than once. */
  abort(reason: string): void
}

/** A run's own key to its registration. */
export interface RunHandle extends Disposable {
  setState(state: RunState): void
  /** The run has ended. Ignored when another run is registered in its place, or it was detached. */
  clear(): void
}

export interface RunSnapshot {
  readonly session: string
  readonly state: RunState
  /** Epoch ms. */
  readonly since: number
}

export interface WaitForRuns {
  /** 15 s unless given. */
  readonly ms?: number
  readonly signal?: AbortSignal
}

/** Which runs to abort: those that compact, all, or that of one session. */
export type RunChoice = 'compacting' | 'all' | { readonly session: string }

interface Registration {
  readonly run: Run
  readonly since: number
  state: RunState
  /** Settles when no run of this session is registered any more. */
  readonly ended: PromiseWithResolvers<void>
}

export class RunRegistry {
  readonly #runs = new Map<string, Registration>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  get count(): number {
    return this.#runs.size
  }

  /** A run that is registered for the session already is replaced, not ended; who waits for the session waits on. */
  register(session: string, run: Run): RunHandle {
    const ended = this.#runs.get(session)?.ended ?? Promise.withResolvers<void>()
    const registration: Registration = { run, since: this.#now(), state: 'working', ended }
    this.#runs.set(session, registration)
    const clear = (): void => {
      if (this.#runs.get(session) === registration) this.#remove(session, registration)
    }
    return { clear, [Symbol.dispose]: clear, setState: (state) => void (registration.state = state) }
  }

  /** Oldest first. */
  list(): readonly RunSnapshot[] {
    return [...this.#runs].map(([session, { state, since }]) => ({ session, state, since }))
  }

  stateOf(session: string): RunState | undefined {
    return this.#runs.get(session)?.state
  }

  /** How many were asked to end. */
  abort(choice: RunChoice, reason: string): number {
    const chosen = [...this.#runs].filter(([session, { state }]) => isChosen(choice, session, state))
    for (const [, { run }] of chosen) run.abort(reason)
    return chosen.length
  }

  /** True when no run of the session is left; false after the time. CANCELLED. */
  async waitFor(session: string, options: WaitForRuns = {}): Promise<boolean> {
    const registration = this.#runs.get(session)
    return registration === undefined || endsInTime(registration.ended.promise, options)
  }

  /** True when none is left of those that are registered now; false after the time. CANCELLED. */
  async waitForAll(options: WaitForRuns = {}): Promise<boolean> {
    return endsInTime(Promise.all([...this.#runs.values()].map(({ ended }) => ended.promise)), options)
  }

  /** Gives a run up that does not end: it is not counted any more, and who waits for it goes on. False when there is none. */
  detach(session: string): boolean {
    const registration = this.#runs.get(session)
    if (registration === undefined) return false
    this.#remove(session, registration)
    return true
  }

  #remove(session: string, { ended }: Registration): void {
    this.#runs.delete(session)
    ended.resolve()
  }
}

function isChosen(choice: RunChoice, session: string, state: RunState): boolean {
  if (choice === 'all') return true
  return choice === 'compacting' ? state === 'compacting' : session === choice.session
}

async function endsInTime(ended: Promise<unknown>, { ms = WAIT_MS, signal }: WaitForRuns): Promise<boolean> {
  try {
    await deadline(ended, { ms, stage: 'end of runs', ...(signal && { signal }) })
    return true
  } catch (error) {
    if (error instanceof DeadlineError) return false
    throw error
  }
}
