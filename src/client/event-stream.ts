// Follows the events of one session over reconnects: the cursor is the last `seq` that was handed out.

import type { EventView, StreamEnd, StreamGateway } from '../wire/event.ts'
import { leavingError } from './leaving.ts'
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
    let leaving: StreamGateway | undefined
    for await (const frame of readFrames(requests, `${path}?after=${cursor}`, signal)) {
      const step = toStep(frame, leaving)
      if (step === undefined) continue
      heard()
      if (step.kind === 'closed') return true
      if (step.kind === 'leaving') options.onLeaving?.((leaving = step.gateway))
      if (step.kind !== 'event' || step.event.seq <= cursor) continue
      cursor = step.event.seq
      yield step.event
    }
    return false
  })
}

type StreamStep =
  | { kind: 'hello' }
  | { kind: 'event'; event: EventView }
  | { kind: 'leaving'; gateway: StreamGateway }
  | { kind: 'closed' }

function toStep({ event, data }: SseFrame, leaving: StreamGateway | undefined): StreamStep | undefined {
  if (event === 'hello') return { kind: 'hello' }
  if (event === 'gateway') return { kind: 'leaving', gateway: JSON.parse(data) as StreamGateway }
  if (event !== 'end') return { kind: 'event', event: JSON.parse(data) as EventView }
  const end = JSON.parse(data) as StreamEnd
  const error = leavingError(end, leaving)
  if (error !== undefined) throw error
  return end.reason === 'session_closed' ? { kind: 'closed' } : undefined
}
