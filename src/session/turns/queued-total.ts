// How many prompts are queued in all sessions together, so that one more can be refused without asking anybody.

import type { SessionNo } from '../../store/records.ts'
import type { SessionLimits } from '../state.ts'

export class QueuedTotal {
  readonly #limits: Pick<SessionLimits, 'queuedMax'>
  readonly #bySession = new Map<SessionNo, number>()
  #total = 0
  #asking = 0

  /** `limits` is read at each use. */
  constructor(limits: Pick<SessionLimits, 'queuedMax'>) {
    this.#limits = limits
  }

  /** No further prompt may be queued. Those that are being accepted count as if they were. */
  get isFull(): boolean {
    return this.#total + this.#asking >= this.#limits.queuedMax
  }

  /** What the session's actor says; it stays true when nobody works for the session any more. */
  set(session: SessionNo, queued: number): void {
    this.#total += queued - (this.#bySession.get(session) ?? 0)
    if (queued === 0) this.#bySession.delete(session)
    else this.#bySession.set(session, queued)
  }

  /** A prompt is being accepted, until disposed. */
  ask(): Disposable {
    this.#asking++
    return { [Symbol.dispose]: () => void this.#asking-- }
  }
}
