// Events as text: JSON views for pages, frames for streams. `data` goes out as it was stored, it is never parsed.

import type { EventStream } from '../../events/event-log.ts'
import type { StreamEnd, StreamGateway, StreamHello } from '../../wire/event.ts'
import { timeText } from '../views.ts'
import type { Frames } from './stream-writer.ts'

export type EventBatch = EventStream extends AsyncIterable<infer Batch> ? Batch : never
type EventRecord = EventBatch[number]

/** One EventView as JSON text. `atText` is its time as RFC 3339, for a caller that has it already. */
export function eventJson(event: EventRecord, atText: string = timeText(event.at)): string {
  const { seq, type, turnId, data } = event
  const turn = turnId === undefined ? 'null' : `"${turnId}"`
  return `{"seq":${seq},"type":"${type}","turn_id":${turn},"at":"${atText}","data":${oneLine(data)}}`
}

/** One EventPage as JSON text. */
export function eventPageJson(events: readonly EventRecord[], head: number, nextAfter: number): string {
  return `{"events":[${events.map((event) => eventJson(event)).join(',')}],"head":${head},"next_after":${nextAfter}}`
}

/** Frames of batches; a batch that several readers get is turned into bytes once. */
export class EventFrames implements Frames<EventBatch> {
  readonly #known = new WeakMap<EventBatch, Buffer>()

  of(batch: EventBatch): Buffer {
    const known = this.#known.get(batch)
    if (known !== undefined) return known
    let text = ''
    let at = Number.NaN
    let atText = ''
    for (const event of batch) {
      if (event.at !== at) atText = timeText((at = event.at)) // events of one batch share their time, mostly
      text += `id: ${event.seq}\nevent: ${event.type}\ndata: ${eventJson(event, atText)}\n\n`
    }
    const frames = Buffer.from(text)
    this.#known.set(batch, frames)
    return frames
  }

  placeOf(batch: EventBatch): number | undefined {
    return batch.at(-1)?.seq
  }

  endOf(batch: EventBatch): StreamEnd['reason'] | undefined {
    return batch.at(-1)?.type === 'session.closed' ? 'session_closed' : undefined
  }
}

export function helloFrame(hello: StreamHello, retryMs: number): string {
  return `retry: ${retryMs}\nevent: hello\ndata: ${JSON.stringify(hello)}\n\n`
}

export function endFrame(end: StreamEnd): string {
  return `event: end\ndata: ${JSON.stringify(end)}\n\n`
}

export function gatewayFrame(gateway: StreamGateway): string {
  return `event: gateway\ndata: ${JSON.stringify(gateway)}\n\n`
}

/** A line break inside JSON is white space between tokens; inside a frame it would end the field. */
function oneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? json.replace(/[\r\n]/g, ' ') : json
}
