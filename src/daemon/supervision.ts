// What this process owes to whoever supervises it, and gets from it: the stop budget, sockets, word of how it is.
// Decides nothing about a life; the life says when it serves and when it ends.

import { systemClock } from '../base/clock.ts'
import type { Timer } from '../base/clock.ts'
import { deadline, ignore } from '../base/deadline.ts'
import { HoldfastError, isHoldfastError } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import type { Paths } from '../config/paths.ts'
import type { Requests } from '../life/requests.ts'
import type { Logger } from '../observe/logger.ts'
import { DRAIN_RESERVE_MS } from './drain.ts'
import { detectSupervisor } from '../supervise/detect-supervisor.ts'
import type { Supervisor } from '../supervise/detect-supervisor.ts'
import { takeHandedSockets } from '../supervise/handed-sockets.ts'
import type { HandedSockets } from '../supervise/handed-sockets.ts'
import { openNotifier } from '../supervise/notify.ts'
import type { Notifier } from '../supervise/notify.ts'
import { fitStopBudget, readStopBudget } from '../supervise/stop-budget.ts'
import type { FittedDrain } from '../supervise/stop-budget.ts'
import { startWatchdog, watchdogPeriodOf } from '../supervise/watchdog.ts'

export interface SupervisionOptions {
  readonly env: Environment
  readonly paths: Paths
  readonly config: Config
  /** The log as it is now: each life has its own. */
  log(): Logger
  announce(line: string): void
}

/** Every so often the manager is told that the drain goes on, for so long. */
const EXTEND_EVERY_MS = 10_000
const EXTEND_MS = 30_000
/** What the end of this process waits for the manager. */
const TELL_MS_MAX = 1_000

/** CONFIG_INVALID for a drain that does not fit the stop budget, and for sockets that are not what the configuration says. */
export async function openSupervision(options: SupervisionOptions): Promise<Supervision> {
  const { env, config, paths, announce } = options
  const supervisor = await readStopBudget(detectSupervisor(env), env)
  const { note } = fitDrain(config, supervisor)
  if (note !== undefined) announce(note)
  const sockets = takeHandedSockets(env)
  if (sockets !== undefined) checkSockets(sockets, config, paths)
  return new Supervision(options, supervisor, sockets)
}

/** Modes: quiet; serving (the watchdog is told); ending (the stop timeout is extended within the drain's budget). */
export class Supervision implements AsyncDisposable {
  readonly supervisor: Supervisor
  readonly sockets: HandedSockets | undefined
  readonly #options: SupervisionOptions
  #drainMs: number
  readonly #logger: Logger
  readonly #notifier: Notifier | undefined
  #watchdog: Disposable | undefined
  #extension: Timer | undefined

  constructor(options: SupervisionOptions, supervisor: Supervisor, sockets: HandedSockets | undefined) {
    this.#options = options
    this.supervisor = supervisor
    this.sockets = sockets
    this.#drainMs = options.config.deadlines.drainMs
    this.#logger = newestOf(options.log)
    this.#notifier = openNotifier({ env: options.env, logger: this.#logger })
  }

  /** The configuration, with a drain that fits. CONFIG_INVALID for one that somebody chose and that does not. */
  fit(config: Config): Config {
    const { drainMs } = fitDrain(config, this.supervisor)
    this.#drainMs = drainMs
    return { ...config, deadlines: { ...config.deadlines, drainMs } }
  }

  /** CONFIG_INVALID for one that the next start would refuse. Changes nothing. */
  check(config: Config): void {
    fitDrain(config, this.supervisor)
    if (this.sockets !== undefined) checkSockets(this.sockets, config, this.#options.paths)
  }

  /** A life serves: nothing of an earlier one is left, and the API answers. `probe` resolves when the store answered. */
  serving(status: string, probe: () => Promise<void>): void {
    this.#quiet()
    const notifier = this.#notifier
    if (notifier === undefined) return
    notifier.ready(status)
    const periodMs = watchdogPeriodOf(this.#options.env)
    if (periodMs === undefined) return
    const alive = (): Promise<void> => notifier.alive()
    this.#watchdog = startWatchdog({ periodMs, clock: systemClock, logger: this.#logger, probe, alive })
  }

  /** A life ends as asked. The watchdog goes on being told: a drain is progress as long as the store answers. */
  ending({ wish, keepsAgents, budgetMs = this.#drainMs }: Pick<Requests, 'wish' | 'keepsAgents' | 'budgetMs'>): void {
    const status = keepsAgents ? 'leaving; the agents go on' : `draining; running turns have ${budgetMs / 1_000} s`
    // Whom our own service runs restarts by its exit; anybody else's restart may stay in this process.
    const isLast = wish?.kind === 'stop' || (this.supervisor.kind !== 'none' && this.supervisor.isOurs)
    if (!isLast) return this.#notifier?.reloading(status)
    this.#notifier?.stopping(status)
    this.#extend(systemClock.now() + budgetMs)
  }

  /**
   * What a failure of the first start comes to: rejects with it. launchd knows no exit codes: a job that finds another gateway running has
   * to end well, or it is started again for ever.
   */
  endOf(error: unknown): 'stopped' {
    const isDone = this.supervisor.kind === 'launchd' && isHoldfastError(error) && error.code === 'INSTANCE_LOCKED'
    if (!isDone) throw error
    this.#options.announce(error.message)
    return 'stopped'
  }

  /** Resolves when the manager was told everything, or gave no answer in time. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#quiet()
    const told = this.#notifier?.told() ?? Promise.resolve()
    await deadline(told, { ms: TELL_MS_MAX, stage: 'telling the manager' }).catch(ignore('it sees that we are gone'))
  }

  #extend(untilMs: number): void {
    if (this.#notifier === undefined || systemClock.now() > untilMs) return
    this.#notifier.extend(EXTEND_MS)
    this.#extension = systemClock.at(systemClock.now() + EXTEND_EVERY_MS, () => this.#extend(untilMs))
  }

  #quiet(): void {
    this.#watchdog?.[Symbol.dispose]()
    this.#watchdog = undefined
    this.#extension?.cancel()
    this.#extension = undefined
  }
}

/** What outlives a life logs into the log of whichever is there. */
function newestOf(log: () => Logger): Logger {
  return {
    debug: (fields, message) => log().debug(fields, message),
    info: (fields, message) => log().info(fields, message),
    warn: (fields, message) => log().warn(fields, message),
    error: (fields, message) => log().error(fields, message),
  }
}

function fitDrain({ deadlines: { drainMs }, origins }: Config, supervisor: Supervisor): FittedDrain {
  const isExplicit = origins['deadlines.drainMs'] !== 'default'
  return fitStopBudget({ drainMs, isExplicit, supervisor, reserveMs: DRAIN_RESERVE_MS })
}

function checkSockets({ unix, tcp }: HandedSockets, { http, origins }: Config, { socket }: Paths): void {
  const refuse = (reason: string): never => {
    throw new HoldfastError('CONFIG_INVALID', { reason, file: 'the socket unit, or the configuration' })
  }
  if (unix !== undefined && unix.path !== socket)
    refuse(`the unix socket that was handed over is ${unix.path}, but commands look for ${socket}`)
  if (tcp === undefined) return
  if (!http.enabled) refuse('a TCP socket was handed over, but http.enabled is false')
  const isPortFree = origins['http.port'] === 'default' || http.port === tcp.port
  if (tcp.host !== http.host || !isPortFree)
    refuse(`the TCP socket that was handed over is ${tcp.host}:${tcp.port}, not ${http.host}:${http.port}`)
}
