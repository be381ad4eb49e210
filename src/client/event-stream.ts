// Follows the events of one session over reconnects: the cursor is the last `seq` that was handed out.

import { HoldfastError } from '../base/errors.ts'
import type { EventView, StreamEnd } from '../wire/event.ts'
import { overReconnects } from './reconnect.ts'
import type { ReconnectOptions } from './reconnect.ts'
import type { Requests } from './requests.ts'
import { readFrames } from './sse-connection.ts'
import type { SseFrame } from './sse-parser.ts'

export interface EventsOptions extends ReconnectOptions {
  /** The last `seq` that the caller has; 0 (the default) is before the first. */
  readonly after?: number
}

/** See HoldfastClient.events. */
export function followEvents(
  requests: Requests,
  path: string,
  { after = 0, ...options }: EventsOptions,
): AsyncGenerator<EventView, void, undefined> {
  let cursor = after
  return overReconnects(options, async function* (signal, heard) {
    for await (const frame of readFrames(requests, `${path}?after=${cursor}`, signal)) {
      const step = toStep(frame)
      if (step === undefined) continue
      heard()
      if (step.kind === 'closed') return true
      if (step.kind !== 'event' || step.event.seq <= cursor) continue
      cursor = step.event.seq
      yield step.event
    }
    return false
  })
}

type StreamStep = { kind: 'hello' } | { kind: 'event'; event: EventView } | { kind: 'closed' }

function toStep({ event, data }: SseFrame): StreamStep | undefined {
  if (event === 'hello') return { kind: 'hello' }
  if (event !== 'end') return { kind: 'event', event: JSON.parse(data) as EventView }
  const { reason } = JSON.parse(data) as StreamEnd
  if (reason === 'gateway_stopping') throw new HoldfastError('GATEWAY_DRAINING')
  return reason === 'session_closed' ? { kind: 'closed' } : undefined
}
