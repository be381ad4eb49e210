// The agents that live although no turn needs them: the idle ones of sessions, and the spares that belong to none yet. Decides which
// of them ends when somebody needs its place, its memory, or when it has been idle for too long. Works in the background on a
// timer of its own, never on a caller's path; whether an agent is still idle is decided by its session's actor.

import { canContinue } from '../../agent/start/open-agent-session.ts'
import type { SparePool } from '../../agent/spares.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { AgentSlots } from './agent-slots.ts'
import type { SessionLive } from '../service.ts'

/** What the pool sees of a session's actor. */
export interface PooledSession {
  readonly live: Pick<SessionLive, 'activity'>
  readonly state: { readonly agentCapabilities: string | undefined }
  /** Epoch ms of the last input. */
  readonly idleSince: number
  /** The actor looks again: whoever is busy by then stays. */
  post(input: { readonly kind: 'evict' }): void
}

export interface WarmPoolPorts {
  readonly clock: Clock
  readonly slots: AgentSlots
  /** Undefined: nothing is started ahead. */
  readonly spares: SparePool | undefined
  readonly warmLimits: WarmLimits
}

/** Read at each look. */
export interface WarmLimits {
  /** How long an agent may be idle that can continue in another process; 0 = as long as there is room. */
  readonly agentIdleMs: number
}

const LOOK_MS = 2_000

/** Modes: looking, then for ever stopped. Making room on request works in both: a drain may still need it. */
export class WarmPool implements Disposable {
  readonly #ports: WarmPoolPorts
  readonly #sessions: () => Iterable<PooledSession>
  /** Who was asked to end its agent and has not looked yet, with the time of that input. */
  readonly #asked = new Map<PooledSession, number>()
  #timer: Timer | undefined

  constructor(ports: WarmPoolPorts, sessions: () => Iterable<PooledSession>) {
    this.#ports = ports
    this.#sessions = sessions
    this.#arm()
  }

  /** Agents of sessions that wait for a prompt. */
  get idle(): number {
    return this.#idle().length
  }

  /** Sessions wait for a start: one agent ends for each that none is ending for yet. A spare first, then the one idle longest. */
  makeRoom(): void {
    const { pressure } = this.#ports.slots
    if (pressure > 0) this.#endOneFor(pressure)
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
  }

  #arm(): void {
    const { clock } = this.#ports
    this.#timer = clock.at(clock.now() + LOOK_MS, () => {
      this.#look()
      this.#arm()
    })
  }

  #look(): void {
    const { slots, spares } = this.#ports
    this.#asked.clear()
    this.#endOverdue()
    if (slots.isMemoryShort) return this.#endOneFor(1)
    slots.recheck()
    spares?.look()
  }

  #endOverdue(): void {
    const { warmLimits, clock } = this.#ports
    const { agentIdleMs } = warmLimits
    if (agentIdleMs === 0) return
    const before = clock.now() - agentIdleMs
    for (const session of this.#idle())
      if (session.idleSince <= before && canContinue(session.state.agentCapabilities)) this.#evict(session)
  }

  #endOneFor(wanted: number): void {
    const { spares } = this.#ports
    const sessions = [...this.#sessions()]
    const leaving = sessions.filter((session) => this.#isLeaving(session)).length + (spares?.leaving ?? 0)
    if (leaving >= wanted || spares?.yieldOne()) return
    const staying = this.#idle().filter((session) => !this.#isLeaving(session))
    // The conversation of an agent that cannot go on in another process would be lost.
    const harmless = staying.filter(({ state }) => canContinue(state.agentCapabilities))
    const [first, ...others] = harmless.length > 0 ? harmless : staying
    if (first !== undefined) this.#evict(others.reduce((a, b) => (b.idleSince < a.idleSince ? b : a), first))
  }

  #evict(session: PooledSession): void {
    session.post({ kind: 'evict' })
    this.#asked.set(session, session.idleSince)
  }

  /** Its agent ends, or will as soon as its actor looks. Whoever had another input since has been asked in vain. */
  #isLeaving(session: PooledSession): boolean {
    const { activity } = session.live
    return activity === 'stopping' || (activity === 'idle' && this.#asked.get(session) === session.idleSince)
  }

  #idle(): PooledSession[] {
    return [...this.#sessions()].filter(({ live }) => live.activity === 'idle')
  }
}
