// Follows the events of one session over reconnects: the cursor is the last `seq` that was handed out.
// Owns one connection at a time. A connection that says nothing for longer than three heartbeats counts as lost.

import { ignore, pause } from '../base/deadline.ts'
import { HoldfastError, isHoldfastError } from '../base/errors.ts'
import type { EventView, StreamEnd } from '../wire/event.ts'
import { ApiError } from './api-error.ts'
import type { Requests } from './requests.ts'
import { SseParser } from './sse-parser.ts'
import type { SseFrame } from './sse-parser.ts'

export interface EventsOptions {
  /** The last `seq` that the caller has; 0 (the default) is before the first. */
  readonly after?: number
  readonly signal?: AbortSignal
  /** Told each time the connection is lost, before the wait; GATEWAY_DRAINING when the gateway said that it ends. */
  readonly onReconnect?: (attempt: number, error: unknown) => void
}

const SILENCE_MS_MAX = 30_000
const SILENCE_CHECK_MS = 2_500
const BACKOFF_MS_MIN = 100
const BACKOFF_MS_MAX = 5_000
const RETRY_AFTER_MS_MAX = 60_000

/** See HoldfastClient.events. */
export async function* followEvents(
  requests: Requests,
  path: string,
  { after = 0, signal = NEVER_ABORTED, onReconnect }: EventsOptions,
): AsyncGenerator<EventView, void, undefined> {
  let cursor = after
  let attempt = 0
  while (!isAborted(signal)) {
    let failure: unknown
    try {
      for await (const step of readStream(requests, `${path}?after=${cursor}`, signal)) {
        attempt = 0
        if (step.kind === 'closed') return
        if (step.kind !== 'event' || step.event.seq <= cursor) continue
        cursor = step.event.seq
        yield step.event
      }
    } catch (error) {
      if (isAborted(signal)) return
      if (!isWorthRetrying(error)) throw error
      failure = error
    }
    attempt += 1
    onReconnect?.(attempt, failure)
    await pause(waitMs(attempt, failure), signal).catch(ignore('aborted: the loop ends'))
  }
}

const NEVER_ABORTED = new AbortController().signal

type StreamStep = { kind: 'hello' } | { kind: 'event'; event: EventView } | { kind: 'closed' }

/** One connection, until it ends. Silence is turned into an abort, so that a dead peer cannot hold the reader. */
async function* readStream(requests: Requests, path: string, signal: AbortSignal): AsyncGenerator<StreamStep> {
  const connection = new AbortController()
  const silence = new SilenceWatch()
  void silence.watch(connection)
  try {
    const bound = AbortSignal.any([connection.signal, signal])
    const response = await requests.open(path, { accept: 'text/event-stream' }, bound)
    const parser = new SseParser()
    for await (const chunk of response.chunks()) {
      silence.held() // while the caller works on what it got, the peer is not silent
      for (const frame of parser.push(chunk)) {
        const step = toStep(frame)
        if (step !== undefined) yield step
      }
      silence.heard()
    }
  } finally {
    connection.abort()
  }
}

function toStep({ event, data }: SseFrame): StreamStep | undefined {
  if (event === 'hello') return { kind: 'hello' }
  if (event !== 'end') return { kind: 'event', event: JSON.parse(data) as EventView }
  const { reason } = JSON.parse(data) as StreamEnd
  if (reason === 'gateway_stopping') throw new HoldfastError('GATEWAY_DRAINING')
  return reason === 'session_closed' ? { kind: 'closed' } : undefined
}

/** Aborts a connection on which nothing came for too long; ends with the connection. */
class SilenceWatch {
  #lastAt = performance.now()

  held(): void {
    this.#lastAt = Number.POSITIVE_INFINITY
  }

  heard(): void {
    this.#lastAt = performance.now()
  }

  async watch(connection: AbortController): Promise<void> {
    try {
      while (performance.now() - this.#lastAt < SILENCE_MS_MAX) await pause(SILENCE_CHECK_MS, connection.signal)
      connection.abort()
    } catch {
      // The connection ended first.
    }
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}

function isWorthRetrying(error: unknown): boolean {
  if (error instanceof ApiError) return error.retryable || error.status >= 500
  if (isHoldfastError(error)) return error.retryable
  return !(error instanceof RangeError || error instanceof SyntaxError)
}

function waitMs(attempt: number, failure: unknown): number {
  const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(attempt - 1, 10))
  const asked = failure instanceof ApiError ? (failure.retryAfterMs ?? 0) : 0
  return Math.max(Math.min(asked, RETRY_AFTER_MS_MAX), ceiling / 2 + Math.random() * (ceiling / 2))
}
