// Follows the events of one session over reconnects: the cursor is the last `seq` that was handed out.
// Owns one connection at a time.

import { HoldfastError } from '../base/errors.ts'
import type { EventView, StreamEnd } from '../wire/event.ts'
import type { Requests } from './requests.ts'
import { isWorthRetrying, pauseBeforeRetry, readFrames } from './sse-connection.ts'
import type { SseFrame } from './sse-parser.ts'

export interface EventsOptions {
  /** The last `seq` that the caller has; 0 (the default) is before the first. */
  readonly after?: number
  readonly signal?: AbortSignal
  /** Told each time the connection is lost, before the wait; GATEWAY_DRAINING when the gateway said that it ends. */
  readonly onReconnect?: (attempt: number, error: unknown) => void
}

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
      for await (const frame of readFrames(requests, `${path}?after=${cursor}`, signal)) {
        const step = toStep(frame)
        if (step === undefined) continue
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
    await pauseBeforeRetry(attempt, failure, signal)
  }
}

const NEVER_ABORTED = new AbortController().signal

type StreamStep = { kind: 'hello' } | { kind: 'event'; event: EventView } | { kind: 'closed' }

function toStep({ event, data }: SseFrame): StreamStep | undefined {
  if (event === 'hello') return { kind: 'hello' }
  if (event !== 'end') return { kind: 'event', event: JSON.parse(data) as EventView }
  const { reason } = JSON.parse(data) as StreamEnd
  if (reason === 'gateway_stopping') throw new HoldfastError('GATEWAY_DRAINING')
  return reason === 'session_closed' ? { kind: 'closed' } : undefined
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
