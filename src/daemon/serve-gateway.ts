// The gateway as a process: configuration and log of each life, signals, and everything that a restart needs from outside of a life.
// One object for the whole process; the loop over lives is src/life/lives.ts.

import { join } from 'node:path'

import { readOwnBirth } from './own-birth.ts'
import { assert } from '../base/assert.ts'
import { systemClock } from '../base/clock.ts'
import { isHoldfastError } from '../base/errors.ts'
import { ensurePrivateDirectory } from '../base/private-directory.ts'
import type { Config } from '../config/config.ts'
import { systemEnvironment } from '../config/environment.ts'
import { loadConfig } from '../config/load.ts'
import { pathsOf } from '../config/paths.ts'
import { clearRestartMark } from '../config/restart-mark.ts'
import { CrashRecorder } from '../health/crash-recorder.ts'
import { Controls } from '../life/controls.ts'
import { Lives } from '../life/lives.ts'
import type { Ending, LifeEnd } from '../life/lives.ts'
import { Requests } from '../life/requests.ts'
import { takeIntent } from '../life/restart-intent.ts'
import { onSignal } from '../life/signals.ts'
import type { GatewaySignal } from '../life/signals.ts'
import { Standby } from '../life/standby.ts'
import type { Pipes } from '../life/standby.ts'
import { startSuccessor } from '../life/successor.ts'
import type { SuccessorStart } from '../life/successor.ts'
import { hasTerminal } from '../life/terminal.ts'
import { chooseWay } from '../life/way.ts'
import type { ChosenWay } from '../life/way.ts'
import { openLog } from '../observe/logger.ts'
import type { Log, Logger } from '../observe/logger.ts'
import { readOwner } from '../store/instance-lock.ts'
import { LOCK_FILE, openStateDir } from '../store/state-dir.ts'
import { withoutSupervisor } from '../supervise/detect-supervisor.ts'
import { ownCommand } from './own-program.ts'
import { runGateway } from './run-gateway.ts'
import { openSupervision } from './supervision.ts'
import type { Supervision } from './supervision.ts'

export interface ServeRequest {
  readonly version: string
  /** Started by the command line: nobody waits for it, and its log goes to a file. */
  readonly detached: boolean
  /** Of a process that is to take over from the gateway that started it. */
  readonly pipes?: Pipes | undefined
  readonly flags: Readonly<Record<string, string>>
  announce(line: string): void
  /** Calls `listener` with the exception that ends this process, right before it does. */
  onCrash(listener: (error: unknown) => void): void
  /** Calls `listener` with each signal of `SIGNALS`, also with those that came before. */
  onSignal(listener: (signal: GatewaySignal) => void): void
  /** Ends this process at once. */
  exit(code: number): void
}

/**
 * Runs gateways with the configuration of this process, one life after the other. Resolves when this process has nothing more to do.
 * Rejects as runGateway for a first start, or CONFIG_INVALID.
 */
export async function serveGateway(request: ServeRequest): Promise<Ending> {
  await using served = new ServedGateway(request)
  return await served.run()
}

/** Modes: loaded (configuration and log), supervised, then whatever `Lives` is in. */
class ServedGateway implements AsyncDisposable {
  readonly #request: ServeRequest
  readonly #env = systemEnvironment()
  readonly #paths = pathsOf(this.#env)
  readonly #requests = new Requests()
  readonly #controls = new Controls()
  readonly #hadTerminal = hasTerminal()
  readonly #lives: Lives
  readonly #recorder: CrashRecorder
  #config: Config
  /** As the configuration says that the next life will have. */
  #wantedWay: Config['restart']['way'] = 'auto'
  #log: Log
  #supervision: Supervision | undefined
  #standby: Standby | undefined

  constructor(request: ServeRequest) {
    this.#request = request
    this.#config = this.#load()
    openStateDir(this.#paths.stateDir, { allowNetworkFileSystem: this.#config.storage.networkFileSystem }) // before the log, which lives there
    ensurePrivateDirectory(this.#paths.runDir)
    this.#log = this.#openLog()
    this.#recorder = this.#openRecorder()
    this.#lives = this.#createLives()
    request.onCrash((error) => {
      this.#log.crashed(error)
      this.#recorder.crashed(error)
    })
    request.onSignal((signal) => this.#onSignal(signal))
  }

  async run(): Promise<Ending> {
    const { announce, pipes } = this.#request
    const parts = { env: this.#env, paths: this.#paths, config: this.#config, announce }
    this.#supervision = await openSupervision({ ...parts, log: () => this.#log.logger('supervise') })
    if (pipes !== undefined) {
      this.#standby = new Standby(pipes, this.#requests)
      if (!(await this.#standby.turn())) return 'stopped'
    }
    const ending = await this.#lives.run().catch((error: unknown) => this.#supervision!.endOf(error))
    if (ending === 'stopped') clearRestartMark(this.#paths.runDir)
    return ending
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervision?.[Symbol.asyncDispose]()
    await this.#log.close()
  }

  #openRecorder(): CrashRecorder {
    const { stateDir } = this.#paths
    return new CrashRecorder({ stateDir, version: this.#request.version, pid: process.pid, clock: systemClock })
  }

  #createLives(): Lives {
    return new Lives({
      requests: this.#requests,
      controls: this.#controls,
      log: () => this.#logger(),
      announce: this.#request.announce,
      run: (onReady) => this.#live(onReady).catch((error: unknown) => this.#failed(error)),
      checkConfig: () => this.#checkConfig(),
      chooseWay: () => this.#chooseWay(),
      startSuccessor: () => this.#startSuccessor(),
    })
  }

  /** Everything afresh: configuration, log, and all that a life is made of. */
  async #live(onReady: () => void): Promise<LifeEnd> {
    const { version, announce } = this.#request
    const supervision = this.#supervision
    assert(supervision !== undefined, 'lives begin when it is there')
    await this.#renew()
    return runGateway({
      config: supervision.fit(this.#config),
      readConfig: () => supervision.fit(this.#load()),
      onReloaded: (config) => void (this.#config = config),
      paths: this.#paths,
      env: this.#env,
      version,
      log: this.#log,
      logFile: this.#logFile(),
      recorder: this.#recorder,
      requests: this.#requests,
      controls: this.#controls,
      supervision,
      announce,
      restart: (reason) => this.#lives.restart(reason),
      onReady: () => {
        this.#standby?.ready()
        onReady()
      },
    })
  }

  /** Nobody is to wait for a life that did not come; the mark of somebody else's restart stays. */
  #failed(error: unknown): never {
    const isOthers = isHoldfastError(error) && error.code === 'INSTANCE_LOCKED'
    if (!isOthers) clearRestartMark(this.#paths.runDir)
    throw error
  }

  /** All that a start asks of a configuration: the next life must not end of what this one could have said (G6). */
  #checkConfig(): void {
    const config = this.#load()
    this.#supervision?.check(config)
    this.#wantedWay = config.restart.way
  }

  async #renew(): Promise<void> {
    this.#config = this.#load()
    const earlier = this.#log
    this.#log = this.#openLog()
    await earlier.close()
  }

  #load(): Config {
    return loadConfig({ env: this.#env, paths: this.#paths, flags: this.#request.flags })
  }

  #openLog(): Log {
    const { level } = this.#config.log
    const file = this.#logFile()
    return openLog({ level, ...(file === undefined ? {} : { file }) })
  }

  /** Undefined: stderr. */
  #logFile(): string | undefined {
    return this.#config.log.file ?? (this.#request.detached ? this.#paths.logFile : undefined)
  }

  #logger(): Logger {
    return this.#log.logger('life')
  }

  #onSignal(signal: GatewaySignal): void {
    onSignal(signal, {
      requests: this.#requests,
      controls: this.#controls,
      lives: this.#lives,
      log: () => this.#logger(),
      takeIntent: () => takeIntent(this.#paths.runDir, readOwnBirth(), systemClock.now()),
      isAnyoneAllowed: () => this.#config.restart.onSignal,
      hasLostTerminal: () => this.#hadTerminal && !hasTerminal(),
      exit: (code) => this.#request.exit(code),
    })
  }

  #chooseWay(): ChosenWay {
    return chooseWay({
      wanted: this.#wantedWay,
      supervisor: this.#supervision?.supervisor ?? { kind: 'none' },
      hasHandedSockets: this.#supervision?.sockets !== undefined,
      pid: process.pid,
      hasTerminal: this.#hadTerminal,
      isDetached: this.#request.detached,
    })
  }

  /** Its log goes where ours does; a configuration that it needs a file for is the one that we were started with. */
  #startSuccessor(): Promise<SuccessorStart> {
    const { detached, flags } = this.#request
    const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
    const lockFile = join(this.#paths.stateDir, LOCK_FILE)
    const command = {
      argv: ownCommand(['serve', '--successor', ...(detached ? ['--detached'] : []), ...words]),
      env: withoutSupervisor(this.#env),
      cwd: detached ? this.#paths.stateDir : process.cwd(),
      outputFile: detached ? this.#paths.logFile : undefined,
    }
    return startSuccessor(command, { hasLock: (pid) => readOwner(lockFile)?.pid === pid })
  }
}
