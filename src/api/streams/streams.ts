// Every event stream and every long wait that is open: admission, heartbeat, and their end when the gateway stops or the token changes.

import { HoldfastError } from '../../base/errors.ts'
import type { StreamEnd } from '../../wire/event.ts'
import type { StreamLimits } from '../ports.ts'
import type { Leaving } from '../ports.ts'
import { timeText } from '../views.ts'
import { EventFrames, gatewayFrame } from './event-frames.ts'
import type { Frames, StreamPosition, StreamWriter } from './stream-writer.ts'

/** reliability 5: connections and subscribers. */
export const STREAM_LIMITS: StreamLimits = { perSessionMax: 32, totalMax: 256, stallMs: 30_000, heartbeatMs: 10_000 }

export interface OpenStream extends StreamPosition {
  readonly sessionNo: number
}

/** A gateway that restarts is away for about as long. */
const RECONNECT_MS = 250

export class Streams implements Disposable {
  readonly frames = new EventFrames()
  readonly limits: StreamLimits
  readonly #writers = new Map<Pick<StreamWriter<never>, 'end' | 'finish' | 'tell' | 'beat' | 'describe'>, number>()
  readonly #perSession = new Map<number, number>()
  readonly #ended = new AbortController()
  #leaving: Leaving | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #waits = 0

  constructor(limits: StreamLimits = STREAM_LIMITS) {
    this.limits = limits
  }

  get open(): number {
    return this.#writers.size
  }

  /** Every stream that is open; session 0: of all sessions. */
  describe(): OpenStream[] {
    return [...this.#writers].map(([writer, sessionNo]) => ({ sessionNo, ...writer.describe() }))
  }

  /** Aborted when the gateway stops. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** STREAM_LIMIT when no further reader fits. To be asked before anything is opened. */
  checkRoom(sessionNo: number): void {
    const { perSessionMax, totalMax } = this.limits
    if (this.#ended.signal.aborted) throw new HoldfastError('GATEWAY_DRAINING')
    if ((this.#perSession.get(sessionNo) ?? 0) >= perSessionMax) {
      throw new HoldfastError('STREAM_LIMIT', { limit: perSessionMax })
    }
    if (this.#writers.size >= totalMax) throw new HoldfastError('STREAM_LIMIT', { limit: totalMax })
  }

  /** Counts the stream until it has ended. `hello` is its first frame; session 0: of all sessions. */
  async serve<Batch>(
    sessionNo: number,
    writer: StreamWriter<Batch>,
    first: { hello: string; frames: Frames<Batch> },
  ): Promise<void> {
    this.#writers.set(writer, sessionNo)
    this.#count(sessionNo, 1)
    this.#heartbeat ??= setInterval(() => this.#beat(), this.limits.heartbeatMs)
    try {
      await writer.run(`${first.hello}${this.#leavingFrame()}`, first.frames)
    } finally {
      this.#writers.delete(writer)
      this.#count(sessionNo, -1)
      if (this.#writers.size === 0) this.#stopHeartbeat()
    }
  }

  /** False when too many wait already: then the caller answers with what it has. */
  beginWait(): boolean {
    if (this.#waits >= this.limits.totalMax || this.#ended.signal.aborted) return false
    this.#waits += 1
    return true
  }

  endWait(): void {
    this.#waits -= 1
  }

  /** Told to the readers that are there, and first of all to those that come later. Again when it has become another thing. */
  leave(leaving: Leaving): void {
    this.#leaving = leaving
    for (const writer of this.#writers.keys()) writer.tell(this.#leavingFrame())
  }

  /** What was told last; undefined while the gateway stays. */
  get leaving(): Leaving | undefined {
    return this.#leaving
  }

  /** Ends all that are open now; new ones may come. */
  endAll(reason: StreamEnd['reason']): void {
    for (const writer of this.#writers.keys()) writer.end(reason)
  }

  /** Ends all after the last event that is stored, and lets none in any more. */
  [Symbol.dispose](): void {
    this.#ended.abort()
    const reason = this.#leaving?.reason === 'restart' ? 'gateway_restarting' : 'gateway_stopping'
    for (const writer of this.#writers.keys()) writer.finish(reason)
    this.#stopHeartbeat()
  }

  #leavingFrame(): string {
    if (this.#leaving === undefined) return ''
    const { reason, until } = this.#leaving
    const reconnectMs = reason === 'restart' ? RECONNECT_MS : null
    return gatewayFrame({ state: 'draining', reason, until: timeText(until), reconnect_after_ms: reconnectMs })
  }

  #beat(): void {
    for (const writer of this.#writers.keys()) writer.beat()
  }

  #count(sessionNo: number, by: number): void {
    const count = (this.#perSession.get(sessionNo) ?? 0) + by
    if (count > 0) this.#perSession.set(sessionNo, count)
    else this.#perSession.delete(sessionNo)
  }

  #stopHeartbeat(): void {
    clearInterval(this.#heartbeat)
    this.#heartbeat = undefined
  }
}
