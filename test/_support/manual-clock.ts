// A clock that the test moves: timers fire in order, synchronously, while it advances.

import type { Clock, Timer } from '../../src/base/clock.ts'

export interface ManualClock extends Clock {
  advance(ms: number): void
  /** Time passes while nothing runs, as on a machine that sleeps: every timer that was due fires once, late, at the end. */
  sleep(ms: number): void
  /** Timers that have not fired and were not cancelled. */
  waiting(): number
}

export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let nowMs = startMs
  const timers = new Set<{ atMs: number; fire: () => void }>()
  const at = (atMs: number, fire: () => void): Timer => {
    const timer = { atMs, fire }
    timers.add(timer)
    const cancel = (): void => void timers.delete(timer)
    return { cancel, [Symbol.dispose]: cancel }
  }
  const advance = (ms: number): void => {
    const until = nowMs + ms
    for (;;) {
      const [next] = [...timers].filter(({ atMs }) => atMs <= until).toSorted((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      timers.delete(next)
      nowMs = Math.max(nowMs, next.atMs)
      next.fire()
    }
    nowMs = until
  }
  const sleep = (ms: number): void => {
    nowMs += ms
    for (const timer of timers) if (timer.atMs <= nowMs && timers.delete(timer)) timer.fire()
  }
  return { now: () => nowMs, at, advance, sleep, waiting: () => timers.size }
}
