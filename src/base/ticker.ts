// A steady beat on the monotonic clock, for who watches time itself: neither a clock that is set back nor a machine that slept gives
// it a reason. Keeps nothing alive.

/** Calls `tick` every `ms`. A process that stood still gets one call for all that it missed. */
export function startTicker(ms: number, tick: () => void): Disposable {
  const handle = setInterval(tick, ms).unref()
  return { [Symbol.dispose]: () => clearInterval(handle) }
}
