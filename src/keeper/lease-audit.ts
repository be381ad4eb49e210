// Looks every minute for processes of this gateway's life whose lease is not open any more, and ends them: what a sweep has
// missed, or what was started later by something that had kept our mark. Owns one timer.

import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../observe/logger.ts'
import { killTagged, listTagged } from '../process/kill-tagged.ts'
import type { ProcessScanner } from '../process/process-scanner.ts'

export interface LeaseAuditDeps {
  readonly instance: number
  /** Of the life whose processes are looked at. */
  readonly epoch: number
  readonly scanner: ProcessScanner
  readonly clock: Clock
  readonly logger: Logger | undefined
  readonly everyMs: number
  /** True while the host looks after the tree of this lease itself. */
  isOpen(lease: number): boolean
}

const SWEEP_MS_MAX = 5_000

export class LeaseAudit implements Disposable {
  readonly #deps: LeaseAuditDeps
  #timer: Timer
  #ended = 0

  constructor(deps: LeaseAuditDeps) {
    this.#deps = deps
    this.#timer = this.#arm()
  }

  /** Processes ended since the start. Anything but 0 is worth a look at the log. */
  get ended(): number {
    return this.#ended
  }

  [Symbol.dispose](): void {
    this.#timer.cancel()
  }

  #arm(): Timer {
    const { clock, everyMs } = this.#deps
    return clock.at(clock.now() + everyMs, () => {
      this.#timer = this.#arm()
      this.#look().catch((err: unknown) => this.#deps.logger?.warn({ err }, 'processes could not be audited'))
    })
  }

  async #look(): Promise<void> {
    const { instance, epoch, scanner, logger, isOpen } = this.#deps
    const found = await listTagged(instance)
    const strays = new Set(
      found.filter((each) => each.epoch === epoch && !isOpen(each.lease)).map(({ lease }) => lease),
    )
    for (const lease of strays) {
      const { swept, survivors } = await killTagged({ instance, lease, epoch }, SWEEP_MS_MAX, scanner)
      this.#ended += swept
      logger?.warn({ leaseId: lease, swept, survivors }, 'processes of a closed lease found by the audit')
    }
  }
}
