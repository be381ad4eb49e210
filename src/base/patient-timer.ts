// A timer for what others owe us. A process that stood still (stopped, suspended, starved) finds its deadlines passed before it
// has read what came meanwhile; this timer lets it read first.

import type { Clock, Timer } from './clock.ts'

/** A timer that is later than this did not fire because nobody let it. */
const STANDSTILL_MS = 1_000
/** Time to read what waits, and to store it. */
const HEARING_MS = 1_000

/** As `clock.at`; after a standstill `fire` comes 1 s later, once. */
export function startPatientTimer(clock: Clock, atMs: number, fire: () => void): Timer {
  let timer = clock.at(atMs, () => {
    if (clock.now() - atMs <= STANDSTILL_MS) return fire()
    timer = clock.at(clock.now() + HEARING_MS, fire)
  })
  const cancel = (): void => timer.cancel()
  return { cancel, [Symbol.dispose]: cancel }
}
