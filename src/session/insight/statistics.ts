// What the sessions of this gateway have done since it started: turns by how they ended, how long they waited and ran, errors by
// code, agents that came and went. Counts what was committed; never decides anything. Time in the queue is apart from time with
// the agent (T24), and memory does not grow with what is counted.

import type { TurnId } from '../../base/ids.ts'
import type { TurnEndState, TurnRecord } from '../../store/records.ts'
import type { SessionWrite } from '../../store/store.ts'
import { Samples, type Distribution } from './samples.ts'

export interface SessionStatisticsSnapshot {
  /** Epoch ms of the start of the count. */
  readonly since: number
  readonly turnsAccepted: number
  readonly turnsEnded: Readonly<Partial<Record<TurnEndState, number>>>
  /** From the accept to the hand-over to the agent, of turns that were handed over. */
  readonly queueWait: Distribution
  /** From the hand-over to the end. */
  readonly run: Distribution
  /** Errors of turns by code, the most frequent first. */
  readonly errors: readonly { readonly code: string; readonly count: number }[]
  readonly agents: {
    readonly started: number
    readonly failedToStart: number
    readonly ended: number
    readonly takenOver: number
    /** Idle ones that had to leave, and when the last one did. */
    readonly evicted: number
    readonly lastEvictedAt: number | undefined
  }
  readonly permissions: { readonly asked: number; readonly closed: Readonly<Record<string, number>> }
}

interface Times {
  readonly acceptedAt: number
  readonly dispatchedAt: number | undefined
}

/** Turns whose times are remembered; beyond it the oldest are counted without their times. */
const TURNS_MAX = 20_000

export class SessionStatistics {
  readonly #since: number
  readonly #times = new Map<TurnId, Times>()
  readonly #ended = new Map<TurnEndState, number>()
  readonly #errors = new Map<string, number>()
  readonly #closed = new Map<string, number>()
  readonly #queueWait = new Samples()
  readonly #run = new Samples()
  #accepted = 0
  #asked = 0
  #started = 0
  #failedToStart = 0
  #agentsEnded = 0
  #takenOver = 0
  #evicted = 0
  #lastEvictedAt: number | undefined

  constructor(since: number) {
    this.#since = since
  }

  /** Turns of an earlier life that go on in this one. */
  known(turns: readonly TurnRecord[]): void {
    for (const { id, acceptedAt, dispatchedAt } of turns) this.#remember(id, { acceptedAt, dispatchedAt })
  }

  /** To be told of every write after its commit. */
  committed(writes: readonly SessionWrite[]): void {
    for (const write of writes) this.#take(write)
  }

  /** An idle agent is being ended for its place, its memory or its age. */
  evicted(at: number): void {
    this.#evicted++
    this.#lastEvictedAt = at
  }

  snapshot(): SessionStatisticsSnapshot {
    const errors = [...this.#errors].map(([code, count]) => ({ code, count }))
    return {
      since: this.#since,
      turnsAccepted: this.#accepted,
      turnsEnded: Object.fromEntries(this.#ended),
      queueWait: this.#queueWait.distribution(),
      run: this.#run.distribution(),
      errors: errors.toSorted((a, b) => b.count - a.count || a.code.localeCompare(b.code)),
      agents: {
        started: this.#started,
        failedToStart: this.#failedToStart,
        ended: this.#agentsEnded,
        takenOver: this.#takenOver,
        evicted: this.#evicted,
        lastEvictedAt: this.#lastEvictedAt,
      },
      permissions: { asked: this.#asked, closed: Object.fromEntries(this.#closed) },
    }
  }

  #take(write: SessionWrite): void {
    switch (write.kind) {
      case 'turn.insert':
        this.#accepted++
        return this.#remember(write.turn.id, write.turn)
      case 'turn.patch':
        return this.#dispatched(write.turnId, write.patch.dispatchedAt)
      case 'turn.end':
        return this.#end(write.turnId, write.outcome)
      case 'permission.insert':
        this.#asked++
        return
      case 'permission.close':
        return add(this.#closed, write.state)
      case 'event':
        return this.#event(write.event.type, write.event.data)
      default:
    }
  }

  #dispatched(id: TurnId, dispatchedAt: number | undefined): void {
    const times = this.#times.get(id)
    if (times === undefined || dispatchedAt === undefined) return
    this.#times.set(id, { ...times, dispatchedAt })
    this.#queueWait.add(dispatchedAt - times.acceptedAt)
  }

  #end(id: TurnId, outcome: Extract<SessionWrite, { kind: 'turn.end' }>['outcome']): void {
    add(this.#ended, outcome.state)
    if (outcome.error !== undefined) add(this.#errors, outcome.error.code)
    const dispatchedAt = this.#times.get(id)?.dispatchedAt
    this.#times.delete(id)
    if (dispatchedAt !== undefined) this.#run.add(outcome.endedAt - dispatchedAt)
  }

  #event(type: string, data: string): void {
    if (type === 'agent.ready') this.#started++
    else if (type === 'agent.attached') this.#takenOver++
    else if (type === 'agent.exited' && data.includes('"during":"start"')) this.#failedToStart++
    else if (type === 'agent.exited') this.#agentsEnded++
  }

  #remember(id: TurnId, { acceptedAt, dispatchedAt }: Times): void {
    this.#times.set(id, { acceptedAt, dispatchedAt })
    if (this.#times.size <= TURNS_MAX) return
    for (const oldest of this.#times.keys()) {
      this.#times.delete(oldest)
      return
    }
  }
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
