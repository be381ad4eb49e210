// One connection to an event stream, and when to try another. A connection that says nothing for longer than three heartbeats
// counts as lost.

import { ignore, pause } from '../base/deadline.ts'
import { isHoldfastError } from '../base/errors.ts'
import { ApiError } from './api-error.ts'
import type { Requests } from './requests.ts'
import { SseParser } from './sse-parser.ts'
import type { SseFrame } from './sse-parser.ts'

const SILENCE_MS_MAX = 30_000
const SILENCE_CHECK_MS = 2_500
const BACKOFF_MS_MIN = 100
const BACKOFF_MS_MAX = 5_000
const RETRY_AFTER_MS_MAX = 60_000

/** One connection, until it ends. Silence is turned into an abort, so that a dead peer cannot hold the reader. */
export async function* readFrames(requests: Requests, path: string, signal: AbortSignal): AsyncGenerator<SseFrame> {
  const connection = new AbortController()
  const silence = new SilenceWatch()
  void silence.watch(connection)
  try {
    const bound = AbortSignal.any([connection.signal, signal])
    const response = await requests.open(path, { accept: 'text/event-stream' }, bound)
    const parser = new SseParser()
    for await (const chunk of response.chunks()) {
      silence.held() // while the caller works on what it got, the peer is not silent
      yield* parser.push(chunk)
      silence.heard()
    }
  } finally {
    connection.abort()
  }
}

/** Resolves when it is time for another try, or when `signal` aborts. `attempt`: 1 for the first. */
export async function pauseBeforeRetry(attempt: number, failure: unknown, signal: AbortSignal): Promise<void> {
  await pause(waitMs(attempt, failure), signal).catch(ignore('aborted: the loop ends'))
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

/** False for what another connection cannot help. */
export function isWorthRetrying(error: unknown): boolean {
  if (error instanceof ApiError) return error.retryable || error.status >= 500
  if (isHoldfastError(error)) return error.retryable
  return !(error instanceof RangeError || error instanceof SyntaxError)
}

function waitMs(attempt: number, failure: unknown): number {
  const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(attempt - 1, 10))
  return Math.max(Math.min(askedMs(failure), RETRY_AFTER_MS_MAX), ceiling / 2 + Math.random() * (ceiling / 2))
}

/** What the gateway asked for, with its refusal or at the end of its stream. */
function askedMs(failure: unknown): number {
  if (failure instanceof ApiError) return failure.retryAfterMs ?? 0
  const told = isHoldfastError(failure) ? failure.details['retryAfterMs'] : undefined
  return typeof told === 'number' ? told : 0
}
