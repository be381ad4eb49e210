// The warden: a small process that outlives us by the time it takes to end what we started. It waits on a pipe whose other end
// dies with us, however we die. Restarted when it ends by itself; told `bye` when there is nothing left to do.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import type { Clock, Timer } from '../base/clock.ts'
import { deadline, ignore } from '../base/deadline.ts'
import type { Logger } from '../observe/logger.ts'
import type { Tagging } from './tag.ts'

export interface WardenDeps {
  readonly tagging: Tagging
  readonly instance: number
  /** As it stands in tags and markers. */
  readonly epoch: number
  readonly clock: Clock
  readonly logger: Logger | undefined
}

export interface Warden extends AsyncDisposable {
  /** Undefined while it is being started again. */
  readonly pid: number | undefined
}

const SCRIPT = fileURLToPath(new URL('./warden.sh', import.meta.url))
const SHELL = '/bin/sh'
const RESTART_MS = 1_000
const RESTART_DOUBLINGS_MAX = 6
/** One that lived for so long did not fail to start. */
const HEALTHY_MS = 60_000
const BYE_MS_MAX = 5_000

/** Starts the warden of this life. Where there is no /proc there is nothing that it could do: undefined. */
export function startWarden(deps: WardenDeps): Warden | undefined {
  return process.platform === 'linux' ? new ShellWarden(deps) : undefined
}

/** Modes: watching, restarting (between an end and the next start), closed. */
class ShellWarden implements Warden {
  readonly #deps: WardenDeps
  #child: ChildProcess | undefined
  #restart: Timer | undefined
  #isClosed = false
  #startedAt = 0
  #failures = 0

  constructor(deps: WardenDeps) {
    this.#deps = deps
    this.#start()
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when the warden has made sure that nothing is left, or after 5 s. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#restart?.cancel()
    const child = this.#child
    if (child === undefined) return
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.ref()
    child.stdin?.end('bye\n')
    await deadline(gone, { ms: BYE_MS_MAX, stage: 'end of the warden' }).catch(ignore('it ends by itself'))
  }

  #start(): void {
    const { tagging, instance, epoch, logger } = this.#deps
    const hard = tagging.kind === 'marker' ? '-' : tagging.hard
    // An environment of its own: it must not carry a marker, or a warden of a gateway around ours would be its only end.
    const child = spawn(SHELL, [SCRIPT, hard, String(instance), String(epoch)], {
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#child = child
    this.#startedAt = this.#deps.clock.now()
    child.stdin.on('error', ignore('it is gone; its exit says so'))
    child.on('error', (err) => logger?.error({ err }, 'the warden cannot be started'))
    child.once('close', () => this.#ended())
    // It watches us; it must not keep us.
    child.unref()
    if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref()
  }

  #ended(): void {
    this.#child = undefined
    if (this.#isClosed) return
    const { clock, logger } = this.#deps
    logger?.warn({ failures: this.#failures }, 'the warden ended; it is started again')
    this.#failures =
      clock.now() - this.#startedAt > HEALTHY_MS ? 0 : Math.min(this.#failures + 1, RESTART_DOUBLINGS_MAX)
    this.#restart = clock.at(clock.now() + RESTART_MS * 2 ** this.#failures, () => this.#start())
  }
}
