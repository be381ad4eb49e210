// Time as a port. Wall time for what is stored and shown, timers for deadlines; the simulator replaces both.

export interface Timer extends Disposable {
  cancel(): void
}

export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
  /** Runs `fire` once, not before `atMs` on this clock. Correctness timers are never unref'ed. */
  at(atMs: number, fire: () => void): Timer
}

const TIMEOUT_MS_MAX = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  at: (atMs, fire) => startTimer(atMs, fire),
}

function startTimer(atMs: number, fire: () => void): Timer {
  let handle: NodeJS.Timeout
  const arm = (): void => {
    const leftMs = atMs - Date.now()
    // A wait beyond setTimeout's range is cut into pieces; a clock that ran backwards re-arms.
    handle = setTimeout(() => (Date.now() >= atMs ? fire() : arm()), Math.min(Math.max(leftMs, 0), TIMEOUT_MS_MAX))
  }
  arm()
  const cancel = (): void => clearTimeout(handle)
  return { cancel, [Symbol.dispose]: cancel }
}
