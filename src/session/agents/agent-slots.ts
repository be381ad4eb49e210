// How many agent processes may live and how many may start at once. A slot is taken before the spawn and given back when the
// process is gone. While memory is short nothing starts beside what lives. Who is next when several wait is decided by their
// lanes. Under pressure it asks for room; it ends nothing itself.

import { CancelledError, HoldfastError } from '../../base/errors.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Lane } from '../../store/records.ts'
import { LaneOrder } from './lane-order.ts'

export interface AgentSlot extends Disposable {
  /** The start is over; another may begin. */
  started(): void
}

/** Read at each use. */
export interface SlotLimits {
  readonly liveMax: number
  readonly startingMax: number
  /** How long a start may wait for a slot before AGENT_LIMIT. */
  readonly waitMs: number
}

interface Waiter {
  grant(): void
}

const enough = (): boolean => false

export class AgentSlots {
  readonly #limits: SlotLimits
  readonly #clock: Clock
  readonly #isMemoryShort: () => boolean
  readonly #waiters = new LaneOrder<Waiter>()
  #live = 0
  #starting = 0
  /** Set by the owner of the sessions. Called when somebody waits and only the end of an agent can help. */
  onPressure: () => void = () => {}

  /** `isMemoryShort` is asked for every start and every second or so, and must be cheap. */
  constructor(limits: SlotLimits, clock: Clock, isMemoryShort: () => boolean = enough) {
    this.#limits = limits
    this.#clock = clock
    this.#isMemoryShort = isMemoryShort
  }

  get live(): number {
    return this.#live
  }

  /** True while less memory is free than is kept free and the end of an agent could change that. */
  get isMemoryShort(): boolean {
    return this.#live > 0 && this.#isMemoryShort()
  }

  /** How many agents must end for those who wait: one each while the slots are taken, one at a time while memory is short. */
  get pressure(): number {
    if (this.#waiters.size === 0) return 0
    if (this.#live >= this.#limits.liveMax) return this.#waiters.size
    return this.isMemoryShort ? 1 : 0
  }

  /** What a start that waits, waits for. */
  get scarce(): 'slot' | 'memory' {
    return this.#live < this.#limits.liveMax && this.isMemoryShort ? 'memory' : 'slot'
  }

  /** Resolves in the order of the lane. Rejects with AGENT_LIMIT after the wait, with CANCELLED when `signal` aborts. */
  acquire(signal: AbortSignal, lane: Lane = 'interactive'): Promise<AgentSlot> {
    if (signal.aborted) return Promise.reject(new CancelledError('agent slot'))
    if (this.#waiters.size === 0 && this.#isFree()) return Promise.resolve(this.#takeStarting())
    return this.#wait(signal, lane)
  }

  /**
   * For a process that no session needs yet; undefined, and no wait, unless there is room and no session starts or waits.
   * It is no start that others wait for: one spare may start beside `startingMax`.
   */
  acquireSpare(): AgentSlot | undefined {
    if (this.#waiters.size > 0 || this.#starting > 0 || !this.#hasRoom()) return undefined
    this.#live++
    return this.#slot(() => {})
  }

  /** For a process that lives already, of an earlier life of the gateway: at once, even beyond `liveMax`. */
  adopt(): AgentSlot {
    this.#live++
    return this.#slot(() => {})
  }

  /** Looks again whether those who wait may start: memory comes back without telling anybody. */
  recheck(): void {
    this.#grantNext()
  }

  #wait(signal: AbortSignal, lane: Lane): Promise<AgentSlot> {
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined
      const leave = (): void => {
        timer?.cancel()
        signal.removeEventListener('abort', onAbort)
        this.#waiters.delete(lane, waiter)
      }
      const waiter: Waiter = {
        grant: () => {
          leave()
          resolve(this.#takeStarting())
        },
      }
      const onAbort = (): void => {
        leave()
        reject(new CancelledError('agent slot'))
      }
      timer = this.#clock.at(this.#clock.now() + this.#limits.waitMs, () => {
        const error = new HoldfastError('AGENT_LIMIT', { limit: this.#limits.liveMax, reason: this.#reason() })
        leave()
        reject(error)
      })
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(lane, waiter)
      if (this.pressure > 0) this.onPressure()
    })
  }

  /** Why who waits has waited, for people. */
  #reason(): string {
    const { liveMax, startingMax } = this.#limits
    if (this.#live >= liveMax) return `all ${liveMax} agent slots are busy`
    if (this.isMemoryShort) return 'memory is short'
    return `${startingMax} other agents are starting`
  }

  #isFree(): boolean {
    return this.#starting < this.#limits.startingMax && this.#hasRoom()
  }

  /** The first agent may always start: without any, nothing that we could end would free memory. */
  #hasRoom(): boolean {
    return this.#live < this.#limits.liveMax && !this.isMemoryShort
  }

  #takeStarting(): AgentSlot {
    this.#live++
    this.#starting++
    let isStarting = true
    return this.#slot(() => {
      if (!isStarting) return
      isStarting = false
      this.#starting--
      this.#grantNext()
    })
  }

  #slot(started: () => void): AgentSlot {
    let isHeld = true
    const release = (): void => {
      if (!isHeld) return
      isHeld = false
      this.#live--
      started()
      this.#grantNext()
    }
    return { started, [Symbol.dispose]: release }
  }

  #grantNext(): void {
    while (this.#waiters.size > 0 && this.#isFree()) this.#waiters.take()?.grant()
    if (this.pressure > 0) this.onPressure()
  }
}
