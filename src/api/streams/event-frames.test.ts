import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { TurnId } from '../../base/ids.ts'
import { SseParser } from '../../client/sse-parser.ts'
import { EventFrames, eventJson } from './event-frames.ts'
import type { EventBatch } from './event-frames.ts'

type EventRecord = EventBatch[number]

function event(seq: number, data: string, turnId?: string): EventRecord {
  return { seq, type: 'update', turnId: turnId as TurnId | undefined, at: 1_700_000_000_123, data }
}

test('a view carries what was stored, byte for byte', () => {
  const data = '{"n":1.0e400,"s":"\\ud800"}'
  const text = eventJson(event(7, data, 'turn_1'))
  expect(text).toBe(`{"seq":7,"type":"update","turn_id":"turn_1","at":"2023-11-14T22:13:20.123Z","data":${data}}`)
})

test('a batch that several readers get is turned into bytes once', () => {
  const frames = new EventFrames()
  const batch = [event(1, '{}')]
  expect(frames.of(batch)).toBe(frames.of(batch))
  expect(frames.of([...batch])).not.toBe(frames.of(batch))
})

test('white space between tokens cannot end a frame or forge another', () => {
  const data = '{\r\n"a"\n:\r"x"\n\n,"b":"event: end\\n\\n"}'
  const [only, ...rest] = new SseParser().push(new EventFrames().of([event(3, data)]))
  expect(rest).toEqual([])
  expect(JSON.parse(only?.data ?? '')).toMatchObject({ seq: 3, data: { a: 'x', b: 'event: end\n\n' } })
})

const jsonText = fc
  .tuple(fc.jsonValue(), fc.constantFrom(0, 1, '\r\n\t'))
  .map(([value, space]) => JSON.stringify(value, null, space))

test('any stored JSON arrives as it is, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(jsonText, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(400), { maxLength: 20 }),
      (texts, cuts) => {
        const bytes = new EventFrames().of(texts.map((text, index) => event(index + 1, text)))
        const parser = new SseParser()
        const places = [0, ...cuts.map((cut) => cut % bytes.length), bytes.length].toSorted((a, b) => a - b)
        const frames = places.slice(1).flatMap((end, index) => parser.push(bytes.subarray(places[index], end)))
        expect(frames.map((frame) => frame.id)).toEqual(texts.map((_, index) => String(index + 1)))
        expect(frames.map((frame) => JSON.parse(frame.data).data)).toEqual(texts.map((text) => JSON.parse(text)))
      },
    ),
  )
})
