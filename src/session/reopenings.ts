// Opens a session again whose actor has failed: its rows still say that a turn is out, and only an actor can make that true or
// end it. Bounded, so that what fails each time does not do so for ever; after that the next request for the session opens it.

import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { SessionNo } from '../store/records.ts'

export interface ReopeningPorts {
  readonly clock: Clock
  readonly logger: Logger
  open(no: SessionNo): Promise<void>
}

interface Failures {
  readonly count: number
  readonly lastAt: number
}

/** Of one session, each within QUIET_MS of the one before. */
const TRIES_MAX = 3
/** Failures that lie further apart have nothing to do with each other. */
const QUIET_MS = 60_000
const PAUSE_MS = 200

export class Reopenings implements Disposable {
  readonly #ports: ReopeningPorts
  readonly #failures = new Map<SessionNo, Failures>()
  readonly #waiting = new Map<SessionNo, Timer>()
  #isOver = false

  constructor(ports: ReopeningPorts) {
    this.#ports = ports
  }

  /** The actor has failed; `gone` settles when its agent process is ended, whose last words it may have been that it failed by. */
  async after(no: SessionNo, gone: Promise<void>): Promise<void> {
    await gone
    if (this.#isOver || this.#waiting.has(no)) return
    const { clock, logger } = this.#ports
    const now = clock.now()
    for (const [old, { lastAt }] of this.#failures) if (now - lastAt > QUIET_MS) this.#failures.delete(old)
    const count = (this.#failures.get(no)?.count ?? 0) + 1
    this.#failures.set(no, { count, lastAt: now })
    if (count > TRIES_MAX) return logger.error({ sessionNo: no, failures: count }, 'session fails again and again')
    this.#waiting.set(
      no,
      clock.at(now + PAUSE_MS * count, () => void this.#open(no)),
    )
  }

  /** No session is opened any more. */
  [Symbol.dispose](): void {
    this.#isOver = true
    for (const timer of this.#waiting.values()) timer.cancel()
    this.#waiting.clear()
  }

  async #open(no: SessionNo): Promise<void> {
    this.#waiting.delete(no)
    try {
      await this.#ports.open(no)
    } catch (err) {
      this.#ports.logger.error({ sessionNo: no, err }, 'session cannot be recovered')
    }
  }
}
