// Tells systemd's watchdog that this gateway makes progress: its loop turned and its store answered within the period. Never
// a bare interval: a gateway whose store hangs is silent, and systemd ends it.

import type { Clock, Timer } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import type { Logger } from '../observe/logger.ts'
import { readOwnProcess, type OwnProcess } from './own-process.ts'
import type { Variables } from './detect-supervisor.ts'

export interface WatchdogOptions {
  readonly periodMs: number
  readonly clock: Clock
  readonly logger: Logger
  /** Resolves when the store answered. */
  probe(): Promise<void>
  /** Tells the manager; resolves when it was told. */
  alive(): Promise<void>
}

/** Undefined when no watchdog waits for this process. */
export function watchdogPeriodOf(env: Variables, { pid, ppid }: OwnProcess = readOwnProcess()): number | undefined {
  const periodMs = Number(env['WATCHDOG_USEC']) / 1_000
  const of = env['WATCHDOG_PID']
  const isOurs = of === undefined || of === String(pid) || of === String(ppid)
  return isOurs && Number.isFinite(periodMs) && periodMs > 0 ? periodMs : undefined
}

/** Begins at once; disposing it ends the messages. Two looks in a period, so that one late look costs nothing. */
export function startWatchdog(options: WatchdogOptions): Disposable {
  return new Watchdog(options)
}

class Watchdog implements Disposable {
  readonly #options: WatchdogOptions
  #timer: Timer | undefined
  #isEnded = false
  #isSilent = false

  constructor(options: WatchdogOptions) {
    this.#options = options
    void this.#look()
  }

  [Symbol.dispose](): void {
    this.#isEnded = true
    this.#timer?.cancel()
  }

  /** Never rejects. The next look is timed from this one's beginning, and never overlaps it. */
  async #look(): Promise<void> {
    const { periodMs, clock, logger, probe, alive } = this.#options
    const next = clock.now() + periodMs / 2
    try {
      await deadline(probe(), { ms: periodMs / 2, stage: 'store probe' })
      this.#isSilent = false
      if (!this.#isEnded) await alive()
    } catch (err) {
      if (!this.#isSilent) logger.error({ err, periodMs }, 'the store does not answer; the watchdog is not told')
      this.#isSilent = true
    }
    if (!this.#isEnded) this.#timer = clock.at(next, () => void this.#look())
  }
}
