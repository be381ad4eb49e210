// Whether somebody sees the permission requests of a session: a client that reads the session's stream or the inbox, now.
// Says once that nobody is there any more, after a grace in which a client may come (back). Decides nothing.

import type { Clock, Timer } from '../../base/clock.ts'
import type { SessionNo } from '../../store/records.ts'

export interface AttendancePorts {
  readonly clock: Clock
  /** Time for a client to come: after its prompt, after its stream was cut, after the gateway was started. */
  readonly graceMs: number
  /** Sessions that have open requests and an owner in this process. */
  waiting(): Iterable<SessionNo>
  /** Nobody came in time. */
  abandoned(no: SessionNo): void
}

/** A reader of all sessions. */
const INBOX = 0

export class Attendance implements Disposable {
  readonly #ports: AttendancePorts
  readonly #readers = new Map<SessionNo, number>()
  readonly #graces = new Map<SessionNo, Timer>()
  readonly #abandoned = new Set<SessionNo>()
  #isOver = false

  constructor(ports: AttendancePorts) {
    this.#ports = ports
  }

  /** A client reads the session's stream, or without `no` the inbox, until the result is disposed. */
  enter(no: SessionNo = INBOX): Disposable {
    this.#count(no, 1)
    if (no === INBOX) this.#abandoned.clear()
    else this.#abandoned.delete(no)
    let hasLeft = false
    return {
      [Symbol.dispose]: () => {
        if (hasLeft) return
        hasLeft = true
        this.#count(no, -1)
        if (no !== INBOX) this.isAttended(no)
        else for (const waiting of this.#ports.waiting()) this.isAttended(waiting)
      },
    }
  }

  /** Whoever sends a prompt may be about to watch it. */
  prompted(no: SessionNo): void {
    this.#abandoned.delete(no)
  }

  /** False once nobody was there for the grace, until somebody is. To be asked when a request waits: that starts the grace. */
  isAttended(no: SessionNo): boolean {
    if (this.#abandoned.has(no)) return false
    if (!this.#hasReader(no) && !this.#graces.has(no) && !this.#isOver) this.#graces.set(no, this.#startGrace(no))
    return true
  }

  /** The session has no owner here any more. */
  forget(no: SessionNo): void {
    this.#abandoned.delete(no)
    this.#graces.get(no)?.cancel()
    this.#graces.delete(no)
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    for (const timer of this.#graces.values()) timer.cancel()
    this.#graces.clear()
  }

  #startGrace(no: SessionNo): Timer {
    const { clock, graceMs } = this.#ports
    return clock.at(clock.now() + graceMs, () => {
      this.#graces.delete(no)
      if (this.#hasReader(no)) return
      this.#abandoned.add(no)
      this.#ports.abandoned(no)
    })
  }

  #hasReader(no: SessionNo): boolean {
    return this.#readers.has(no) || this.#readers.has(INBOX)
  }

  #count(no: SessionNo, by: number): void {
    const count = (this.#readers.get(no) ?? 0) + by
    if (count > 0) this.#readers.set(no, count)
    else this.#readers.delete(no)
  }
}
