// The run loop: lives of the gateway, one after the other, until one is the last of this process. Prepares restarts and decides what
// follows a life; what a life consists of is the caller's. Specification: docs/gateway-lifecycle.md.

import { firstOf, ignore, pause, whenAborted } from '../base/deadline.ts'
import { HoldfastError, isHoldfastError } from '../base/errors.ts'
import type { Logger } from '../observe/logger.ts'
import type { Controls } from './controls.ts'
import type { Requests } from './requests.ts'
import type { Successor, SuccessorStart, TakeOver } from './successor.ts'
import type { ChosenWay, RestartWay } from './way.ts'

/** How a life has ended that ended as it was asked to. */
export interface LifeEnd {
  /** Agents may live on; the next life of the gateway takes them over. */
  readonly hasLeftAgents: boolean
}

/** Why this process has nothing more to do: stopped as asked; its supervisor is to start it again; another process serves. */
export type Ending = 'stopped' | 'supervised' | 'succeeded'

export interface RestartAnswer {
  /** `coalesced`: one that was asked for before is under way. */
  readonly outcome: 'accepted' | 'coalesced'
  readonly way: RestartWay
}

export interface LivesPorts {
  readonly requests: Requests
  readonly controls: Controls
  /** The log as it is now. */
  log(): Logger
  /** Tells a person at the terminal, one line at a time. */
  announce(line: string): void
  /** One life; calls `onReady` once it serves. Resolves when it ended as asked, with nothing of it left. */
  run(onReady: () => void): Promise<LifeEnd>
  /** CONFIG_INVALID when the next life could not read its configuration. */
  checkConfig(): void
  chooseWay(): ChosenWay
  startSuccessor(): Promise<SuccessorStart>
}

interface Prepared {
  readonly way: RestartWay
  readonly successor: Successor | undefined
}

export const REASON_CHARS_MAX = 200
/** A wait without anything to wake it must not end the process; it is begun again. */
const WAIT_MS = 86_400_000

/** Modes: starting, ready, ending (a life is there), following (between two), waiting (a later start has failed; nothing runs). */
export class Lives {
  readonly #ports: LivesPorts
  /** Resolved when a restart can be prepared: the life is ready, or there is none. */
  #turn = Promise.withResolvers<void>()
  #pending: Promise<Prepared> | undefined
  #isWaiting = false

  constructor(ports: LivesPorts) {
    this.#ports = ports
  }

  /**
   * Resolves when it is known which way the restart goes and this life is about to end. While one is under way it is the answer to all
   * that ask. GATEWAY_DRAINING once a stop was asked for; RESTART_REFUSED: this life goes on (G6).
   */
  async restart(reason: string): Promise<RestartAnswer> {
    if (this.#ports.requests.stopped.aborted) throw new HoldfastError('GATEWAY_DRAINING')
    const outcome = this.#pending === undefined ? 'accepted' : 'coalesced'
    this.#pending ??= this.#prepare(reason.trim().slice(0, REASON_CHARS_MAX))
    const { way } = await this.#pending
    return { outcome, way }
  }

  /** Rejects as a first start that fails, or as a life whose database fails. A later start that fails is waited out. */
  async run(): Promise<Ending> {
    for (let isFirst = true; ; isFirst = false) {
      const next = await this.#live(isFirst)
      if (next !== 'again') return next
    }
  }

  async #live(isFirst: boolean): Promise<Ending | 'again'> {
    const { requests } = this.#ports
    this.#begin()
    let hasBeenReady = false
    const onReady = (): void => {
      hasBeenReady = true
      this.#turn.resolve()
    }
    try {
      return await this.#follow(await this.#ports.run(onReady))
    } catch (error) {
      if (requests.stopped.aborted && hasCode(error, 'CANCELLED')) return 'stopped'
      // Somebody else serves this directory: there is nothing to wait for.
      if (isFirst || hasBeenReady || hasCode(error, 'INSTANCE_LOCKED')) throw error
      return await this.#outwait(error)
    }
  }

  #begin(): void {
    const { requests, controls } = this.#ports
    requests.begin()
    controls.begin()
    this.#turn = Promise.withResolvers()
    this.#pending = undefined
    this.#isWaiting = false
  }

  async #prepare(reason: string): Promise<Prepared> {
    const { requests, log } = this.#ports
    try {
      // T17: asked for during a start, it waits for its end.
      await firstOf([this.#turn.promise, whenAborted(requests.stopped)])
      if (requests.stopped.aborted) throw new HoldfastError('GATEWAY_DRAINING')
      this.#ports.checkConfig()
      const prepared = await this.#takeWay(reason)
      if (requests.restart(reason)) return prepared
      prepared.successor?.stop()
      throw new HoldfastError('GATEWAY_DRAINING')
    } catch (err) {
      this.#pending = undefined
      if (hasCode(err, 'GATEWAY_DRAINING')) throw err
      log().error({ err, reason }, 'a restart was refused; this gateway goes on')
      throw hasCode(err, 'RESTART_REFUSED') ? err : refused(err)
    }
  }

  async #takeWay(reason: string): Promise<Prepared> {
    const { log, announce, chooseWay, startSuccessor } = this.#ports
    const { way, because } = this.#isWaiting ? WAITING : chooseWay()
    const say = (taken: RestartWay, why: string): void => {
      log().info({ way: taken, because: why, reason }, 'restart')
      announce(`restarting: ${WORDS[taken]}, because ${why}`)
    }
    if (way !== 'successor') {
      say(way, because)
      return { way, successor: undefined }
    }
    const start = await startSuccessor()
    if (start.kind === 'refused') throw new HoldfastError('RESTART_REFUSED', { reason: start.because })
    if (start.kind === 'unavailable') {
      say('in-process', `no other process could be started (${start.reason})`)
      return { way: 'in-process', successor: undefined }
    }
    say('successor', because)
    return { way, successor: start.successor }
  }

  /** What comes after a life that has ended as asked. G4: a stop that came meanwhile wins. */
  async #follow({ hasLeftAgents }: LifeEnd): Promise<Ending | 'again'> {
    const { wish } = this.#ports.requests
    const prepared = await this.#pending?.catch(ignore('who asked was told'))
    if (wish?.kind === 'stop') {
      prepared?.successor?.stop()
      // Agents that were left before the stop came are ended by a life that does nothing else.
      return hasLeftAgents && !wish.keepsAgents ? 'again' : 'stopped'
    }
    if (prepared?.way === 'supervised') return 'supervised'
    return prepared?.successor === undefined ? 'again' : this.#succeed(prepared.successor)
  }

  async #succeed(successor: Successor): Promise<Ending | 'again'> {
    const { requests, log } = this.#ports
    const { pid } = successor
    const stopped = whenAborted(requests.stopped).then(() => 'stopped' as const)
    const taken = await firstOf<TakeOver | 'stopped'>([successor.takeOver(), stopped])
    if (taken === 'stopped') {
      successor.stop()
      return 'stopped'
    }
    if (taken === 'serves') log().info({ successor: pid }, 'the successor serves')
    else if (taken === 'slow') log().warn({ successor: pid }, 'the successor is not ready yet; it has the lock')
    else log().error({ successor: pid, reason: taken.ended }, 'the successor ended; this process goes on')
    return typeof taken === 'string' ? 'succeeded' : 'again'
  }

  /** A later start has failed: the lock is free, and this process stays for who comes to correct the cause. */
  async #outwait(cause: unknown): Promise<Ending | 'again'> {
    const { requests, log, announce } = this.#ports
    requests.begin()
    this.#isWaiting = true
    this.#turn.resolve()
    log().error({ err: cause }, 'the gateway could not be started again; waiting for a restart or a stop')
    announce(`it could not be started again: ${textOf(cause)}`)
    announce(
      `correct the cause, then: holdfast restart (or kill -USR1 ${process.pid}); end it with: kill ${process.pid}`,
    )
    while (!requests.drain.aborted) await pause(WAIT_MS, requests.drain).catch(ignore('that is what it waits for'))
    return requests.stopped.aborted ? 'stopped' : 'again'
  }
}

const WAITING: ChosenWay = { way: 'in-process', because: 'its last start failed' }

const WORDS: Readonly<Record<RestartWay, string>> = {
  supervised: 'this process ends and its supervisor starts the next one',
  successor: 'another process takes over',
  'in-process': 'in this process',
}

function refused(cause: unknown): HoldfastError {
  return new HoldfastError('RESTART_REFUSED', { reason: textOf(cause) }, { cause })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function hasCode(error: unknown, code: HoldfastError['code']): boolean {
  return isHoldfastError(error) && error.code === code
}
