// A steady beat on the monotonic clock, for who watches time itself: neither a clock that is set back nor a machine that slept gives
// it a reason. Keeps no process alive.

export interface TickerOptions {
  /** A thread of its own has nothing else that keeps it. */
  readonly keepsAlive?: boolean
}

/** Calls `tick` every `ms`. A process that stood still gets one call for all that it missed. */
export function startTicker(ms: number, tick: () => void, { keepsAlive = false }: TickerOptions = {}): Disposable {
  const handle = setInterval(tick, ms)
  if (!keepsAlive) handle.unref()
  return { [Symbol.dispose]: () => clearInterval(handle) }
}
