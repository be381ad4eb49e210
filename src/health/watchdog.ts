// Starts the thread that watches the main thread. The thread does the rest by itself, because it is needed when we do nothing.

import { Worker } from 'node:worker_threads'

import type { Logger } from '../observe/logger.ts'
import type { Pulse } from './pulse.ts'

export interface WatchdogOptions {
  readonly pulse: Pulse
  /** How often it looks. */
  readonly lookMs: number
  readonly wedgeMs: number
  readonly epoch: number
  readonly version: string
  /** Undefined: stderr. */
  readonly logFile: string | undefined
  readonly crashFile: string
  readonly logger: Logger
}

/** What the thread is given. */
export interface WatchdogOrders extends Pick<
  WatchdogOptions,
  'lookMs' | 'wedgeMs' | 'epoch' | 'version' | 'logFile' | 'crashFile'
> {
  readonly cells: Int32Array
}

/** It holds a judge and a timer; from a checkout it also has to read TypeScript. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 }

/** A thread that cannot run costs the watch, never the gateway: that is said once. Disposing it ends the watch. */
export function startWatchdog({ pulse, logger, ...orders }: WatchdogOptions): Disposable {
  // The compiler rewrites the extensions of imports only.
  const source = import.meta.url.endsWith('.ts') ? './watchdog-worker.ts' : './watchdog-worker.js'
  const workerData: WatchdogOrders = { ...orders, cells: pulse.cells }
  const thread = new Worker(new URL(source, import.meta.url), {
    workerData,
    resourceLimits: THREAD_LIMITS,
    execArgv: [],
    env: {},
  })
  thread.unref()
  thread.on('error', (err) => logger.warn({ err }, 'nobody watches this gateway'))
  return { [Symbol.dispose]: () => void thread.terminate() }
}
