// How many agent processes may live and how many may start at once. A slot is taken before the spawn and given back when the
// process is gone. Under pressure it asks for an idle agent to be evicted; it never ends one itself.

import { CancelledError, HoldfastError } from '../base/errors.ts'
import type { Clock, Timer } from '../base/clock.ts'

export interface AgentSlot extends Disposable {
  /** The start is over; another may begin. */
  started(): void
}

export interface SlotLimits {
  readonly liveMax: number
  readonly startingMax: number
  /** How long a start may wait for a slot before AGENT_LIMIT. */
  readonly waitMs: number
}

interface Waiter {
  grant(): void
}

export class AgentSlots {
  readonly #limits: SlotLimits
  readonly #clock: Clock
  readonly #waiters: Waiter[] = []
  #live = 0
  #starting = 0
  /** Set by the owner of the sessions. Called when all slots are taken and somebody waits. */
  onPressure: () => void = () => {}

  constructor(limits: SlotLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  get live(): number {
    return this.#live
  }

  /** How many starts wait because every slot is taken. */
  get pressure(): number {
    return this.#live >= this.#limits.liveMax ? this.#waiters.length : 0
  }

  /** Resolves in FIFO order. Rejects with AGENT_LIMIT after the wait, with CANCELLED when `signal` aborts. */
  acquire(signal: AbortSignal): Promise<AgentSlot> {
    if (signal.aborted) return Promise.reject(new CancelledError('agent slot'))
    if (this.#waiters.length === 0 && this.#isFree()) return Promise.resolve(this.#take())
    return this.#wait(signal)
  }

  #wait(signal: AbortSignal): Promise<AgentSlot> {
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined
      const leave = (): void => {
        timer?.cancel()
        signal.removeEventListener('abort', onAbort)
        const index = this.#waiters.indexOf(waiter)
        if (index >= 0) this.#waiters.splice(index, 1)
      }
      const waiter: Waiter = {
        grant: () => {
          leave()
          resolve(this.#take())
        },
      }
      const onAbort = (): void => {
        leave()
        reject(new CancelledError('agent slot'))
      }
      timer = this.#clock.at(this.#clock.now() + this.#limits.waitMs, () => {
        leave()
        reject(new HoldfastError('AGENT_LIMIT', { limit: this.#limits.liveMax }))
      })
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiters.push(waiter)
      if (this.pressure > 0) this.onPressure()
    })
  }

  #isFree(): boolean {
    return this.#live < this.#limits.liveMax && this.#starting < this.#limits.startingMax
  }

  #take(): AgentSlot {
    this.#live++
    this.#starting++
    let isStarting = true
    let isHeld = true
    const started = (): void => {
      if (!isStarting) return
      isStarting = false
      this.#starting--
      this.#grantNext()
    }
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
    while (this.#waiters.length > 0 && this.#isFree()) this.#waiters[0]?.grant()
    if (this.pressure > 0) this.onPressure()
  }
}
