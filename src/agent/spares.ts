// Agents that are started and initialised ahead, so that the first prompt of a session waits for neither.
// Owns a spare from its start until a session takes it or it is ended. One starts at a time, in the background, only where
// there is room that no session wants. Modes: keeping -> stopped (nothing starts any more; what there is ends).

import type { Clock } from '../base/clock.ts'
import { ignore } from '../base/deadline.ts'
import { isHoldfastError } from '../base/errors.ts'
import type { Logger } from '../observe/logger.ts'
import { definitionDigest } from './definition.ts'
import type { AgentDefinition } from './definition.ts'
import type { InitializedAgent } from './start/start-agent.ts'

/** The right of one agent process to be alive. */
export interface SpareSlot extends Disposable {
  started(): void
}

export interface WantedSpares {
  readonly definition: AgentDefinition
  readonly count: number
}

export interface SparesPorts {
  readonly clock: Clock
  readonly logger: Logger
  /** What is to be kept; asked at each look, so that it may change. */
  wanted(): readonly WantedSpares[]
  /** Rejects when it failed or was aborted; no process is left then. */
  start(definition: AgentDefinition, signal: AbortSignal): Promise<InitializedAgent>
  /** Undefined while there is no room that no session wants. Never waits. */
  acquireSlot(): SpareSlot | undefined
}

/** A spare that a session has taken: process and slot are the taker's. */
export interface TakenSpare {
  readonly agent: InitializedAgent
  readonly slot: SpareSlot
}

/** What sessions need of the spares. */
export interface SparePool {
  /** The oldest ready one of exactly this definition; it is replaced in the background. */
  take(definition: AgentDefinition): TakenSpare | undefined
  /** Replaces what is too old or of another definition, starts what is missing. Returns at once; call it every second or so. */
  look(): void
  /** Ends one for the sake of sessions, and starts none for a while. False when there is none. */
  yieldOne(): boolean
  /** Ends those of an agent, and one that is being started: what they have read is old. Gives back how many. */
  retire(agent: string): number
  /** Alive and initialised, waiting for a session. */
  readonly ready: number
  /** Being ended: their slots will be free. */
  readonly leaving: number
}

interface Spare {
  readonly agent: InitializedAgent
  readonly definition: AgentDefinition
  readonly slot: SpareSlot
  /** Epoch ms of its answer to `initialize`. */
  readonly readyAt: number
}

interface Failures {
  count: number
  /** Epoch ms before which no other is started. */
  retryAt: number
}

interface Start {
  readonly definition: AgentDefinition
  readonly abort: AbortController
  readonly settled: Promise<void>
}

/** What an agent read when it started (login, models, its own configuration) should not be older. */
const AGE_MS_MAX = 30 * 60_000
const BACKOFF_MS = 1_000
const FAILURES_MAX = 5
/** One that lived for so long did not fail because of how it is started. */
const STABLE_MS = 60_000
/** After one has made room: so that room is not filled with spares again at once. */
const REST_AFTER_YIELD_MS = 30_000

export class Spares implements SparePool, AsyncDisposable {
  readonly #ports: SparesPorts
  readonly #ready: Spare[] = []
  readonly #leaving = new Set<Promise<void>>()
  readonly #failures = new Map<string, Failures>()
  #start: Start | undefined
  #restUntil = 0
  #isStopped = false

  constructor(ports: SparesPorts) {
    this.#ports = ports
  }

  get ready(): number {
    return this.#ready.length
  }

  get leaving(): number {
    return this.#leaving.size + (this.#start?.abort.signal.aborted ? 1 : 0)
  }

  take(definition: AgentDefinition): TakenSpare | undefined {
    const index = this.#ready.findIndex((spare) => isSame(spare.definition, definition) && !this.#isOld(spare))
    const [spare] = index < 0 ? [] : this.#ready.splice(index, 1)
    if (spare === undefined) return undefined
    const { agent, slot } = spare
    agent.link.onLost = () => {}
    this.#failures.delete(definition.name)
    // After what the caller does with it now: its session's start comes first.
    queueMicrotask(() => this.look())
    return { agent, slot }
  }

  look(): void {
    if (this.#isStopped) return
    const wanted = this.#ports.wanted()
    for (const spare of this.#ready.filter((each) => this.#isOld(each) || !isWanted(each, wanted))) this.#end(spare)
    this.#startNext(wanted)
  }

  yieldOne(): boolean {
    this.#restUntil = this.#ports.clock.now() + REST_AFTER_YIELD_MS
    const oldest = this.#ready[0]
    if (oldest !== undefined) return this.#end(oldest)
    if (this.#start === undefined || this.#start.abort.signal.aborted) return false
    this.#start.abort.abort()
    return true
  }

  retire(agent: string): number {
    const old = this.#ready.filter(({ definition }) => definition.name === agent)
    for (const spare of old) this.#end(spare)
    const start = this.#start?.definition.name === agent ? this.#start : undefined
    start?.abort.abort()
    this.#failures.delete(agent)
    this.look()
    return old.length + (start === undefined ? 0 : 1)
  }

  /** Resolves when every spare is gone. Those that sessions have taken are the sessions'. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    this.#start?.abort.abort()
    for (const spare of this.#ready.splice(0)) this.#end(spare)
    await this.#start?.settled
    await Promise.all(this.#leaving)
  }

  #startNext(wanted: readonly WantedSpares[]): void {
    const now = this.#ports.clock.now()
    if (this.#isStopped || this.#start !== undefined || now < this.#restUntil) return
    const next = wanted.find(({ definition, count }) => this.#countOf(definition) < count && this.#mayStart(definition))
    const slot = next === undefined ? undefined : this.#ports.acquireSlot()
    if (next === undefined || slot === undefined) return
    const abort = new AbortController()
    const settled = this.#run(next.definition, slot, abort.signal)
    this.#start = { definition: next.definition, abort, settled }
    settled.then(() => this.#started()).catch(ignore('a start says in its failures what went wrong'))
  }

  #started(): void {
    this.#start = undefined
    this.look()
  }

  async #run(definition: AgentDefinition, slot: SpareSlot, signal: AbortSignal): Promise<void> {
    try {
      const agent = await this.#ports.start(definition, signal)
      const spare = { agent, definition, slot, readyAt: this.#ports.clock.now() }
      slot.started()
      agent.link.onLost = (error) => this.#lost(spare, error)
      this.#ready.push(spare)
      // It may have succeeded at the moment in which it was given up.
      if (signal.aborted) this.#end(spare)
    } catch (error) {
      slot[Symbol.dispose]()
      if (!isCancelled(error)) this.#failed(definition, error, 0)
    }
  }

  /** Ends one that nobody took; its slot is free when the process is gone. */
  #end(spare: Spare): true {
    const index = this.#ready.indexOf(spare)
    if (index >= 0) this.#ready.splice(index, 1)
    const { agent, slot } = spare
    agent.link.onLost = () => {}
    const gone = agent.process.stop().then(() => slot[Symbol.dispose]())
    this.#leaving.add(gone)
    void gone.finally(() => this.#leaving.delete(gone))
    return true
  }

  #lost(spare: Spare, error: unknown): void {
    this.#end(spare)
    this.#failed(spare.definition, error, this.#ports.clock.now() - spare.readyAt)
  }

  /** Waits longer after each failure in a row; the last one is said, once, and is the end of it. */
  #failed({ name }: AgentDefinition, err: unknown, livedMs: number): void {
    const { clock, logger } = this.#ports
    const count = livedMs >= STABLE_MS ? 1 : (this.#failures.get(name)?.count ?? 0) + 1
    this.#failures.set(name, { count, retryAt: clock.now() + BACKOFF_MS * 2 ** (count - 1) })
    if (count === FAILURES_MAX) logger.warn({ agent: name, failures: count, err }, 'spares of an agent are given up')
    else logger.debug({ agent: name, failures: count, err }, 'spare failed')
  }

  #mayStart({ name }: AgentDefinition): boolean {
    const failures = this.#failures.get(name)
    if (failures === undefined) return true
    return failures.count < FAILURES_MAX && this.#ports.clock.now() >= failures.retryAt
  }

  #countOf(definition: AgentDefinition): number {
    return this.#ready.filter((spare) => isSame(spare.definition, definition)).length
  }

  #isOld({ readyAt }: Spare): boolean {
    return this.#ports.clock.now() - readyAt >= AGE_MS_MAX
  }
}

function isWanted(spare: Spare, wanted: readonly WantedSpares[]): boolean {
  return wanted.some(({ definition, count }) => count > 0 && isSame(definition, spare.definition))
}

/** Everything that decides what the process is. */
function isSame(a: AgentDefinition, b: AgentDefinition): boolean {
  if (a === b) return true
  return a.name === b.name && definitionDigest(a) === definitionDigest(b)
}

function isCancelled(error: unknown): boolean {
  return isHoldfastError(error) && error.code === 'CANCELLED'
}
