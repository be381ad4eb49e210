// What watches over a life: the row that says how it ended, safe mode, signs of life and the thread that judges them.

import { readBootId } from '../base/birth.ts'
import { systemClock } from '../base/clock.ts'
import { whenAborted } from '../base/deadline.ts'
import { isHoldfastError } from '../base/errors.ts'
import { Chronicle } from '../health/chronicle.ts'
import type { Pulse } from '../health/pulse.ts'
import { watchdogThread } from '../health/watchdog.ts'
import type { SqliteStoreOptions } from '../store/open-sqlite-store.ts'
import type { NodeRecord, Store } from '../store/store.ts'
import type { GatewayOptions } from './run-gateway.ts'

export interface Health {
  readonly chronicle: Chronicle
  readonly pulse: Pulse
}

interface HealthParts {
  readonly options: GatewayOptions
  readonly store: Store
  readonly node: NodeRecord
  /** Was there before the store, which tells it when it works. */
  readonly pulse: Pulse
}

/** The watchdog looks ten times before it says something; without one the store is still probed this often. */
const LOOKS_PER_WEDGE = 10
const BEAT_MS_MAX = 5_000

/** Resolves when the end of every earlier life is on record, and the begin of this one. `scope` writes its end. */
export async function openHealth(parts: HealthParts, scope: AsyncDisposableStack): Promise<Health> {
  const { options, store, node, pulse } = parts
  const { config, recorder, requests, log, version, logFile } = options
  const { crashesMax, crashWindowMs: windowMs } = config.supervision
  const logger = log.logger('health')
  const known = { store, node, recorder, logger, version, logFile, brake: { crashesMax, windowMs } }
  const chronicle = scope.use(
    await Chronicle.begin({ ...known, clock: systemClock, pid: process.pid, bootId: readBootId() }),
  )
  scope.defer(() => {
    pulse.enter('closing')
    return chronicle.end(endOf(options))
  })
  void whenAborted(requests.drain).then(() => chronicle.asked())
  pulse.begin(node.epoch)
  pulse.start(lookMsOf(config.supervision.wedgeMs), () => store.probe())
  scope.use(pulse)
  return { chronicle, pulse }
}

/** Says it to a person at the terminal, if it is so. */
export function announceSafeMode({ chronicle }: Health, announce: (line: string) => void): void {
  const { state } = chronicle.safeMode
  if (state === undefined) return
  announce(`safe mode: ${state.crashes} crashes in a row; no prompt is taken or handed out, what runs goes on`)
  announce('see why with: holdfast doctor; leave it with: holdfast safe-mode off')
}

/** Undefined: nobody asked for it. A start that was cancelled because of a stop has not failed. */
function endOf({ requests: { wish }, recorder }: GatewayOptions): 'stopped' | 'restart' | undefined {
  const { failure } = recorder
  if (wish !== undefined && isHoldfastError(failure) && failure.code === 'CANCELLED') recorder.failure = undefined
  if (wish === undefined) return undefined
  return wish.kind === 'restart' ? 'restart' : 'stopped'
}

type StoreThread = Pick<SqliteStoreOptions, 'thread'>

/** The thread of the store watches too, unless that is not wanted. */
export function storeThread({ config, recorder, version, logFile }: GatewayOptions, pulse: Pulse): StoreThread {
  const { wedgeMs } = config.supervision
  const orders = { pulse, lookMs: lookMsOf(wedgeMs), wedgeMs, version, logFile, crashFile: recorder.file }
  return wedgeMs === 0 ? {} : { thread: watchdogThread(orders) }
}

function lookMsOf(wedgeMs: number): number {
  return wedgeMs === 0 ? BEAT_MS_MAX : Math.min(Math.ceil(wedgeMs / LOOKS_PER_WEDGE), BEAT_MS_MAX)
}
