// Frames of the keeper's socket: what is written is what is read, however it is cut; what is not a frame is refused in bounded memory.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  decodeJsonBody,
  decodeLinesBody,
  decodeNumberBody,
  decodeSendBody,
  encodeFrame,
  encodeJson,
  encodeLines,
  encodeNumber,
  encodeSend,
  FRAME,
  FRAME_BYTES_MAX,
  FrameReader,
  HELLO_BYTES_MAX,
  type Frame,
} from './frames.ts'

const MAX_48 = 2 ** 48 - 1
const REFUSED = expect.objectContaining({ code: 'KEEPER_PROTOCOL_ERROR' })

function cutAt(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  for (let i = 0; at < whole.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    chunks.push(Buffer.from(whole.subarray(at, at + size)))
    at += size
  }
  return chunks
}

function readAll(chunks: readonly Buffer[], bytesMax = FRAME_BYTES_MAX): Frame[] {
  const reader = new FrameReader(bytesMax)
  const frames: Frame[] = []
  for (const chunk of chunks) reader.push(chunk, (frame) => frames.push({ ...frame, body: Buffer.from(frame.body) }))
  return frames
}

function readOne(pieces: readonly Buffer[]): Frame {
  const frames = readAll(pieces)
  expect(frames).toHaveLength(1)
  return frames[0]!
}

describe('frames, there and back', () => {
  test('a frame without a body, with JSON, with a number', () => {
    expect(readOne(encodeFrame(FRAME.stop, MAX_48))).toEqual({ kind: FRAME.stop, lease: MAX_48, body: Buffer.alloc(0) })
    const json = readOne(encodeJson(FRAME.hello, 0, { a: ['\u{1f600}', null], b: 1 }))
    expect(json).toMatchObject({ kind: FRAME.hello, lease: 0 })
    expect(decodeJsonBody(json.body)).toEqual({ a: ['\u{1f600}', null], b: 1 })
    expect(decodeNumberBody(readOne(encodeNumber(FRAME.acknowledge, 3, MAX_48)).body)).toBe(MAX_48)
  })

  test('lines keep their number, their count and their bytes', () => {
    const lines = { first: 2 ** 40, count: 2, bytes: Buffer.from('a\r\n\u{ff}\n', 'latin1') }
    const { lease, body } = readOne(encodeLines(7, lines))
    expect(lease).toBe(7)
    expect(decodeLinesBody(body)).toEqual(lines)
  })

  test('a line to an agent gets its terminator, with the name of its frame or without one', () => {
    const named = decodeSendBody(readOne(encodeSend(7, '{"a":"\u{1f600}"}', 'tur_\u{e9}')).body)
    expect(named).toEqual({ frameId: 'tur_\u{e9}', line: Buffer.from('{"a":"\u{1f600}"}\n') })
    expect(decodeSendBody(readOne(encodeSend(7, '', undefined)).body)).toEqual({
      frameId: undefined,
      line: Buffer.from('\n'),
    })
  })
})

describe('bodies that are not what their kind says', () => {
  test.each([
    ['lines without a head', () => decodeLinesBody(Buffer.alloc(9))],
    ['lines without lines', () => decodeLinesBody(Buffer.alloc(10))],
    ['an empty line to an agent', () => decodeSendBody(Buffer.alloc(0))],
    ['a name that is longer than the body', () => decodeSendBody(Buffer.from([0, 9, 0x61, 0x0a]))],
    ['a name and no line', () => decodeSendBody(Buffer.from([0, 1, 0x61]))],
    ['a line without a terminator', () => decodeSendBody(Buffer.from([0, 0, 0x61]))],
    ['two lines in one', () => decodeSendBody(Buffer.from([0, 0, 0x0a, 0x0a]))],
    ['a number of five bytes', () => decodeNumberBody(Buffer.alloc(5))],
    ['a body that is not JSON', () => decodeJsonBody(Buffer.from('{'))],
    ['a list', () => decodeJsonBody(Buffer.from('[]'))],
    ['null', () => decodeJsonBody(Buffer.from('null'))],
  ])('%s: KEEPER_PROTOCOL_ERROR', (_, decode) => {
    expect(decode).toThrow(REFUSED)
  })
})

describe('the reader', () => {
  test('a body that is too large is refused from its head, before any of it is kept', () => {
    const reader = new FrameReader(1_000)
    const [head] = encodeFrame(FRAME.spawn, 1, Buffer.alloc(1_001))
    expect(() => reader.push(head!, () => {})).toThrow(REFUSED)
    expect(readAll(encodeFrame(FRAME.spawn, 1, Buffer.alloc(1_000)), 1_000)).toHaveLength(1)
  })

  test('a hello of more than 4 KiB is refused; after a frame was taken larger ones may be allowed', () => {
    const large = Buffer.concat(encodeJson(FRAME.hello, 0, { secret: 'x'.repeat(HELLO_BYTES_MAX) }))
    expect(() => readAll([large], HELLO_BYTES_MAX)).toThrow(REFUSED)
    const reader = new FrameReader(HELLO_BYTES_MAX)
    let taken = 0
    const first = Buffer.concat(encodeJson(FRAME.hello, 0, { secret: 'short' }))
    reader.push(Buffer.concat([first, large]), () => {
      taken++
      reader.allow(FRAME_BYTES_MAX)
    })
    expect(taken).toBe(2)
  })

  test('after a refusal nothing is taken again, and nothing that follows is taken', () => {
    const reader = new FrameReader(1_000)
    const good = Buffer.concat(encodeNumber(FRAME.acknowledge, 1, 1))
    const bad = encodeFrame(FRAME.spawn, 1, Buffer.alloc(1_001))[0]!
    let taken = 0
    expect(() => reader.push(Buffer.concat([good, bad]), () => taken++)).toThrow(REFUSED)
    reader.push(good, () => taken++)
    expect(taken).toBe(1)
  })

  test('the same when it was the taker that refused', () => {
    const reader = new FrameReader(1_000)
    const good = Buffer.concat(encodeNumber(FRAME.acknowledge, 1, 1))
    const kinds: string[] = []
    const take = (): void => {
      kinds.push('taken')
      if (kinds.length === 2) throw new Error('not this one')
    }
    expect(() => reader.push(Buffer.concat([good, good, good]), take)).toThrow('not this one')
    reader.push(good, take)
    expect(kinds).toHaveLength(2)
  })
})

describe('any cutting, any bytes', () => {
  const frame = fc.record({
    kind: fc.integer({ min: 0, max: 255 }),
    lease: fc.integer({ min: 0, max: MAX_48 }),
    body: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  })
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 })

  test('any cutting of any frames gives the same frames', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), sizes, (frames, chunkSizes) => {
        const whole = Buffer.concat(frames.flatMap(({ kind, lease, body }) => encodeFrame(kind, lease, body)))
        expect(readAll(cutAt(whole, chunkSizes), 60)).toEqual(frames)
      }),
      { numRuns: 1_000 },
    )
  })

  test('garbage is frames or a refusal, and never more than one unfinished frame is kept', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), sizes, (garbage, chunkSizes) => {
        let taken = 0
        try {
          for (const { body } of readAll(cutAt(Buffer.from(garbage), chunkSizes), 200)) taken += 11 + body.length
          expect(garbage.length - taken).toBeLessThan(11 + 200)
        } catch (error) {
          expect(error).toEqual(REFUSED)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('every decoder gives a value or KEEPER_PROTOCOL_ERROR for any bytes', () => {
    const decoders = [decodeJsonBody, decodeLinesBody, decodeNumberBody, decodeSendBody]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...decoders), (bytes, decode) => {
        try {
          decode(Buffer.from(bytes))
        } catch (error) {
          expect(error).toEqual(REFUSED)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
