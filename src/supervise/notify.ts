// Tells the service manager how we are (sd_notify). Node has no datagram sockets of the unix kind, so each message is a run of
// systemd-notify: a child that lives for milliseconds. Nothing waits for it, and without it the gateway runs as well.

import { pause } from '../base/deadline.ts'
import type { Logger } from '../observe/logger.ts'
import { findTool, runBriefly, TOOL_PATH } from '../process/run-briefly.ts'
import { isInherited, type Variables } from './detect-supervisor.ts'
import { readOwnProcess, type OwnProcess } from './own-process.ts'

export interface Notifier {
  /** Everything is up; `status` is shown by `systemctl status`. Also ends what `reloading` began. */
  ready(status: string): void
  /** Goes on in the same process: a reload, or a restart that nobody else does. */
  reloading(status: string): void
  /** The process is about to end. From here on the stop timeout of the unit runs. */
  stopping(status: string): void
  /** Ends the stop timeout no earlier than `ms` from now. */
  extend(ms: number): void
  /** Proof of life, for the watchdog. Resolves when it was told. */
  alive(): Promise<void>
  /** Resolves when everything was told, or given up: 7 s for each message at most. */
  told(): Promise<void>
}

export interface NotifierOptions {
  readonly env: Variables
  readonly logger: Logger
  readonly toolPath?: string
  readonly self?: OwnProcess
}

/** The helper itself gives up after 5 s. */
const SEND_MS_MAX = 7_000
const TRIES_MAX = 3
const RETRY_MS = 500

/** Undefined when nobody listens to this process: no NOTIFY_SOCKET, or one that belongs to a service we only descend from. */
export function openNotifier(options: NotifierOptions): Notifier | undefined {
  const { env, self = readOwnProcess() } = options
  const socket = env['NOTIFY_SOCKET']
  return socket && !isInherited(env, self) ? new HelperNotifier(socket, options) : undefined
}

/** One message after the other, in order. Gives up for good when the helper is missing. */
class HelperNotifier implements Notifier {
  readonly #socket: string
  readonly #logger: Logger
  readonly #tool: string | undefined
  #last: Promise<void> = Promise.resolve()
  #hasWarned = false

  constructor(socket: string, { logger, toolPath = TOOL_PATH }: NotifierOptions) {
    this.#socket = socket
    this.#logger = logger
    this.#tool = findTool('systemd-notify', toolPath)
    if (this.#tool === undefined) this.#warn({ reason: 'there is no systemd-notify' })
  }
  ready(status: string): void {
    void this.#send(['READY=1', `STATUS=${oneLine(status)}`])
  }

  reloading(status: string): void {
    void this.#send(['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`, `STATUS=${oneLine(status)}`])
  }

  stopping(status: string): void {
    void this.#send(['STOPPING=1', `STATUS=${oneLine(status)}`])
  }

  extend(ms: number): void {
    void this.#send([`EXTEND_TIMEOUT_USEC=${Math.ceil(ms) * 1_000}`])
  }

  alive(): Promise<void> {
    return this.#send(['WATCHDOG=1'], 1)
  }

  told(): Promise<void> {
    return this.#last
  }

  #send(assignments: readonly string[], triesMax = TRIES_MAX): Promise<void> {
    const tool = this.#tool
    if (tool === undefined) return Promise.resolve()
    this.#last = this.#last.then(() => this.#tell([tool, ...assignments], triesMax))
    return this.#last
  }

  /** A manager that is busy, at boot for example, is asked again: a READY that is lost would cost the whole start. */
  async #tell(argv: readonly [string, ...string[]], triesMax: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      const failure = await this.#run(argv)
      if (failure === undefined) return
      if (tries === triesMax) return this.#warn({ reason: failure })
      await pause(RETRY_MS)
    }
  }

  /**
   * Without --no-block: systemd finds the unit of a sender by its pid, so a helper that ends before its message was read is
   * nobody's and is ignored. It waits for systemd's word that it was read.
   */
  async #run(argv: readonly [string, ...string[]]): Promise<string | undefined> {
    try {
      const { exit, stderr } = await runBriefly(argv, { env: { NOTIFY_SOCKET: this.#socket }, msMax: SEND_MS_MAX })
      return exit.code === 0 ? undefined : stderr.trim() || `exit ${exit.code ?? exit.signal}`
    } catch (error) {
      return error instanceof Error ? error.message : 'unknown'
    }
  }

  #warn(fields: { reason: string }): void {
    if (!this.#hasWarned) this.#logger.warn(fields, 'the service manager cannot be told how this gateway is')
    this.#hasWarned = true
  }
}

/** A message is lines of NAME=value. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\0]+/g, ' ')
}
