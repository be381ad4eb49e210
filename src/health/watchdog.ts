// The watchdog's orders. It runs on the thread that the store has for its checkpoints, because it is needed when the main thread does nothing.

import type { ThreadProgram } from '../store/checkpoint.ts'
import type { Pulse } from './pulse.ts'

export interface WatchdogOptions {
  readonly pulse: Pulse
  /** How often it looks. */
  readonly lookMs: number
  readonly wedgeMs: number
  readonly version: string
  /** Undefined: stderr. */
  readonly logFile: string | undefined
  readonly crashFile: string
}

/** What the thread is given besides what the store gives it. */
export interface WatchdogOrders extends Omit<WatchdogOptions, 'pulse'> {
  readonly cells: Int32Array
}

/** What the thread of the store runs, so that it watches too. */
export function watchdogThread({ pulse, ...rest }: WatchdogOptions): ThreadProgram {
  // The compiler rewrites the extensions of imports only.
  const source = import.meta.url.endsWith('.ts') ? './watchdog-worker.ts' : './watchdog-worker.js'
  const orders: WatchdogOrders = { ...rest, cells: pulse.cells }
  return { url: new URL(source, import.meta.url), data: { ...orders } }
}
