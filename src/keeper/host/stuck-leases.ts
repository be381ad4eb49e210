// Trees that could not be ended: each is swept again until it is gone. Owns their timers; what is left at the end of the
// gateway stays `stuck` in the store, and the next start sweeps it.

import type { Clock, Timer } from '../../base/clock.ts'
import type { ProcessLeases } from '../../lease/process-leases.ts'
import type { Logger } from '../../observe/logger.ts'
import type { StopReport } from '../agent-host.ts'

export interface StuckLeasesDeps {
  readonly leases: ProcessLeases
  readonly clock: Clock
  readonly logger: Logger | undefined
  readonly retryMs: number
}

type Sweep = () => Promise<Pick<StopReport, 'swept' | 'survivors'>>

export class StuckLeases implements Disposable {
  readonly #deps: StuckLeasesDeps
  readonly #timers = new Map<number, Timer>()
  #isOpen = true

  constructor(deps: StuckLeasesDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#timers.size
  }

  has(leaseId: number): boolean {
    return this.#timers.has(leaseId)
  }

  /** `sweep` never rejects. */
  add(leaseId: number, sweep: Sweep): void {
    if (!this.#isOpen) return
    const { clock, logger, retryMs } = this.#deps
    const again = (): void => {
      this.#retry(leaseId, sweep).catch((err: unknown) =>
        logger?.warn({ leaseId, err }, 'a stuck lease could not be closed'),
      )
    }
    this.#timers.set(leaseId, clock.at(clock.now() + retryMs, again))
  }

  [Symbol.dispose](): void {
    this.#isOpen = false
    for (const timer of this.#timers.values()) timer.cancel()
  }

  async #retry(leaseId: number, sweep: Sweep): Promise<void> {
    const { survivors } = await sweep()
    if (survivors.length > 0) return this.add(leaseId, sweep)
    this.#timers.delete(leaseId)
    await this.#deps.leases.closed(leaseId, 'unknown')
  }
}
