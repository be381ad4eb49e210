// A value that costs something to read and is asked for often.

import type { Clock } from './clock.ts'

/** `read`, but not again before the last reading is `ms` old; at once when the clock was set back. */
export function recent<T>(read: () => T, clock: Pick<Clock, 'now'>, ms: number): () => T {
  let last: { readonly at: number; readonly value: T } | undefined
  return () => {
    const now = clock.now()
    if (last === undefined || now < last.at || now >= last.at + ms) last = { at: now, value: read() }
    return last.value
  }
}
