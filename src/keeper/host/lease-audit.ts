// Looks every minute for processes of this gateway whose lease is not open, whoever held them, and ends them: what a sweep has
// missed, or what was started later by something that had kept our mark. Owns one timer.

import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import { killTagged, listTagged, toTrees } from '../../process/kill-tagged.ts'
import type { ProcessScanner } from '../../process/process-scanner.ts'

export interface LeaseAuditDeps {
  readonly instance: number
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
    const { instance, scanner, logger, isOpen } = this.#deps
    const strays = (await listTagged(instance)).filter(({ lease }) => !isOpen(lease))
    for (const tree of toTrees(strays)) {
      // A lease may have been opened since the look: numbers are never used again, so it is another one then.
      const { swept, survivors } = await killTagged(tree, SWEEP_MS_MAX, scanner)
      this.#ended += swept
      logger?.warn({ leaseId: tree.owner.lease, swept, survivors }, 'processes of a closed lease found by the audit')
    }
  }
}
