// How a life ends its work within one deadline: admission is closed before; then running turns, the grace of those that are cut, and
// the ends of their agents each have what the step before has left. Table: docs/gateway-lifecycle.md. Decides nothing about why.

import type { Clock, Timer } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import { isHoldfastError } from '../base/errors.ts'
import type { Logger } from '../observe/logger.ts'
import type { Sessions } from '../session/open-sessions.ts'
import type { Store } from '../store/store.ts'

export interface DrainParts {
  readonly sessions: Pick<Sessions, 'drain' | 'overview'>
  readonly store: Pick<Store, 'counts'>
  readonly clock: Clock
  readonly logger: Logger
  /** Time for running turns, in ms. */
  readonly budgetMs: number
  /** Aborted when there is something more urgent: this drain stops waiting, and nothing of it is undone. */
  readonly cut: AbortSignal
  /** Tells a person at the terminal, one line at a time. */
  announce(line: string): void
}

export interface DrainReport {
  /** Turns that were out when the drain began, by the database. */
  readonly turns: number
  /** Of those, the ones that had not ended when their budget was over, or when it was taken away. */
  readonly cut: number
}

/** Beyond the budget: for turns that were cancelled, then for the stop ladder and the sweep. A service's stop timeout has 30 s for this and the close. */
export const DRAIN_RESERVE_MS = 20_000
export const GRACE_MS_MAX = 8_000
const PROGRESS_MS = 10_000

type PhaseName = 'turns' | 'grace' | 'agents'

/** Resolves when no agent of a session is left, when the deadline is over, or when it is cut. Rejects as the store does. */
export async function drain(parts: DrainParts): Promise<DrainReport> {
  const startedAt = parts.clock.now()
  const budgetAt = startedAt + parts.budgetMs
  const graceAtMax = budgetAt + GRACE_MS_MAX
  const phases = new Phases(parts)
  const { turnsActive: turns } = await parts.store.counts()
  using progress = new Progress(parts, budgetAt)
  progress.start()
  const { turnsEnded, agentsGone } = parts.sessions.drain({ budgetAt, graceAtMax })
  await phases.run('turns', budgetAt, turnsEnded)
  const cut = await countOut(parts)
  if (cut > 0) sayCut(parts)
  if (cut > 0) await phases.run('grace', graceAtMax, turnsEnded)
  await phases.run('agents', budgetAt + DRAIN_RESERVE_MS, agentsGone)
  if (!parts.cut.aborted) await warnOfLeft(parts)
  parts.logger.info({ turns, cut, forced: parts.cut.aborted, ms: parts.clock.now() - startedAt }, 'drained')
  return { turns, cut }
}

/** Each phase is one line of the log: what it was, how long it took, and whether it was over in its time. */
class Phases {
  readonly #parts: DrainParts

  constructor(parts: DrainParts) {
    this.#parts = parts
  }

  /** Resolves when `work` does, at `untilAt`, or when it is cut. */
  async run(phase: PhaseName, untilAt: number, work: Promise<void>): Promise<void> {
    const { clock, logger, cut } = this.#parts
    if (cut.aborted) return
    const startedAt = clock.now()
    const msMax = Math.max(0, untilAt - startedAt)
    const isInTime = await this.#settles(work, phase, msMax)
    const fields = { phase, ms: clock.now() - startedAt, msMax }
    if (isInTime) logger.info(fields, 'drain phase done')
    else if (cut.aborted) logger.warn(fields, 'drain phase cut by another request')
    else logger.warn(fields, 'drain phase over its time')
  }

  async #settles(work: Promise<void>, stage: string, ms: number): Promise<boolean> {
    try {
      await deadline(work, { ms, stage, signal: this.#parts.cut })
      return true
    } catch (error) {
      if (isHoldfastError(error) && (error.code === 'DEADLINE' || error.code === 'CANCELLED')) return false
      throw error
    }
  }
}

/** By the database: also a turn that no actor knows of counts. */
async function countOut({ store }: DrainParts): Promise<number> {
  return (await store.counts()).turnsActive
}

const CUT_SHOWN_MAX = 50

function sayCut({ sessions, logger }: DrainParts): void {
  const out = [...sessions.overview()].flatMap(({ sessionId, turn }) =>
    turn === undefined ? [] : [{ sessionId, turnId: turn.turnId }],
  )
  logger.warn({ turns: out.slice(0, CUT_SHOWN_MAX), count: out.length }, 'running turns are cut')
}

/** Turns that are still out belong to nobody here: their session could not be opened, or its agents did not go in time. */
async function warnOfLeft(parts: DrainParts): Promise<void> {
  const left = await countOut(parts)
  if (left > 0) parts.logger.warn({ turns: left }, 'turns are left open; the next life settles them')
}

/** One line for people every 10 s for as long as somebody may be waiting. */
class Progress implements Disposable {
  readonly #parts: DrainParts
  readonly #budgetAt: number
  #timer: Timer | undefined

  constructor(parts: DrainParts, budgetAt: number) {
    this.#parts = parts
    this.#budgetAt = budgetAt
  }

  start(): void {
    const { clock, announce } = this.#parts
    this.#timer = clock.at(clock.now() + PROGRESS_MS, () => {
      announce(this.#line())
      this.start()
    })
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
  }

  #line(): string {
    const { sessions, clock } = this.#parts
    const now = clock.now()
    const all = [...sessions.overview()]
    const turns = all.flatMap(({ sessionId, turn }) => (turn === undefined ? [] : [{ sessionId, since: turn.since }]))
    const [first, ...others] = turns
    if (first === undefined) return `still stopping: ${count(all.length, 'session')} end their agents`
    const oldest = others.reduce((a, b) => (b.since < a.since ? b : a), first)
    const leftMs = this.#budgetAt - now
    const left = leftMs > 0 ? `${seconds(leftMs)} left` : 'being cut'
    const age = seconds(now - oldest.since)
    return `still stopping: ${count(turns.length, 'turn')} out, the oldest ${age} in ${oldest.sessionId}; ${left}`
  }
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`
}
