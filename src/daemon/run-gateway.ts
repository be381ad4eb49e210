// One life of the gateway: open, serve, end. What exists is in open-life.ts; whether another life follows, src/life/ decides.

import { systemClock } from '../base/clock.ts'
import { firstOf, whenAborted } from '../base/deadline.ts'
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import type { Paths } from '../config/paths.ts'
import { clearRestartMark, markRestart } from '../config/restart-mark.ts'
import type { CrashRecorder } from '../health/crash-recorder.ts'
import type { Controls } from '../life/controls.ts'
import type { LifeEnd, RestartAnswer } from '../life/lives.ts'
import type { Requests } from '../life/requests.ts'
import type { Log } from '../observe/logger.ts'
import { announceSafeMode } from './open-health.ts'
import { openLife } from './open-life.ts'
import type { OpenedLife } from './open-life.ts'
import type { Supervision } from './supervision.ts'

export interface GatewayOptions {
  readonly config: Config
  readonly paths: Paths
  readonly env: Environment
  readonly version: string
  readonly log: Log
  /** Where the log goes, if that is a file. */
  readonly logFile: string | undefined
  readonly recorder: CrashRecorder
  readonly requests: Requests
  readonly controls: Controls
  readonly supervision: Supervision
  /** Tells a person at the terminal, one line at a time. */
  announce(line: string): void
  /** Reads file, environment and flags anew. CONFIG_INVALID. */
  readConfig(): Config
  /** A reload has put `config` in force. */
  onReloaded(config: Config): void
  /** See Lives.restart. */
  restart(reason: string): Promise<RestartAnswer>
  /** Called once, when the life serves. */
  onReady(): void
}

/**
 * Runs one life until it is asked to end. Rejects with what made it impossible: INSTANCE_LOCKED, PORT_IN_USE, STATE_DIR_UNSAFE,
 * TOKEN_FILE_UNSAFE, STORE_* (also when the database fails later).
 */
export async function runGateway(options: GatewayOptions): Promise<LifeEnd> {
  await using scope = new AsyncDisposableStack()
  try {
    return await live(options, scope)
  } catch (error) {
    options.recorder.failure = error // the end of the scope puts it on record
    throw error
  }
}

async function live(options: GatewayOptions, scope: AsyncDisposableStack): Promise<LifeEnd> {
  const life = await openLife(options, scope)
  serve(life, options)
  options.supervision.serving(`ready, epoch ${life.node.epoch}`, () => life.store.probe())
  options.onReady()
  await firstOf([whenAborted(options.requests.drain), life.failed])
  const { wish, budgetMs } = options.requests
  options.supervision.ending({ wish, budgetMs, keepsAgents: life.parting.willLeaveAgents })
  return await endLife(life, options)
}

function serve(life: OpenedLife, options: GatewayOptions): void {
  const { lifecycle, spares, tasks, reloading, node, recovered, api, health } = life
  const { log, paths, announce } = options
  lifecycle.enter('ready')
  clearRestartMark(paths.runDir)
  reloading.ready()
  health.pulse.enter('serving')
  health.chronicle.ready()
  spares.look()
  tasks.keeper.look()
  log.logger('daemon').info({ epoch: node.epoch, recovered, url: api.url(), socket: paths.socket }, 'ready')
  announce(`ready on ${paths.socket}${api.url() === undefined ? '' : ` and ${api.url()}`}`)
  announceSafeMode(health, announce)
}

async function endLife(life: OpenedLife, { requests, paths }: GatewayOptions): Promise<LifeEnd> {
  const { lifecycle, spares, parting, health, api } = life
  health.pulse.enter('draining')
  lifecycle.enter('draining')
  void spares[Symbol.asyncDispose]() // the scope waits for it
  await parting.part(api)
  lifecycle.enter('stopped')
  // Before the socket is gone: from then on commands look for it.
  if (requests.wish?.kind === 'restart') markRestart(paths.runDir, systemClock.now())
  return { hasLeftAgents: parting.hasLeftAgents }
}
