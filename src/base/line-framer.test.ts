// Framing of bytes that stay bytes: what a line is, and that it never depends on how the bytes were cut. X-nn: the wire robustness table.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { damagedLines, decodeLines, LineFramer } from './line-framer.ts'

const BYTES_MAX = 1_024

interface Framed {
  readonly lines: string[]
  readonly isTooLong: boolean
}

function frameChunks(chunks: readonly Buffer[], lineBytesMax = BYTES_MAX): Framed {
  const framer = new LineFramer(lineBytesMax)
  const lines: string[] = []
  const take = (framed: ReturnType<LineFramer['push']>): void => {
    if (framed === undefined) return
    const decoded = decodeLines(framed.bytes)
    expect(decoded).toHaveLength(framed.count)
    expect(framed.bytes.at(-1)).toBe(0x0a)
    lines.push(...decoded)
  }
  for (const chunk of chunks) take(framer.push(chunk))
  take(framer.end())
  return { lines, isTooLong: framer.isTooLong }
}

function frameText(text: string): string[] {
  return frameChunks([Buffer.from(text)]).lines
}

function cutAt(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  for (let i = 0; at < whole.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    chunks.push(whole.subarray(at, at + size))
    at += size
  }
  return chunks
}

/** The same promise, written slowly: one line after the other over the whole input. */
function frameSlowly(whole: Buffer, lineBytesMax: number): Framed {
  const lines: string[] = []
  for (const raw of whole.toString('latin1').split('\n')) {
    if (raw.length > lineBytesMax) return { lines, isTooLong: true }
    const bytes = Buffer.from(raw, 'latin1')
    if (bytes.some((byte) => byte > 0x20)) lines.push(bytes.toString('utf8').replace(/\r$/, ''))
  }
  return { lines, isTooLong: false }
}

describe('line framer', () => {
  test('X-01: LF and CRLF end a line; one CR goes with it', () => {
    expect(frameText('a\nb\r\nc\r\r\n')).toEqual(['a', 'b', 'c\r'])
  })

  test('X-01: blank lines are dropped and not counted', () => {
    expect(frameText('\n\r\n  \t \n{}\n\n \r\n{"a":1}\n  x \n')).toEqual(['{}', '{"a":1}', '  x '])
    expect(frameText('\n \n\n')).toEqual([])
  })

  test('X-02: CR and LF in two chunks, and a character cut in the middle, give the same line', () => {
    expect(frameChunks([Buffer.from('a\r'), Buffer.from('\nb\r'), Buffer.from('\n')]).lines).toEqual(['a', 'b'])
    const whole = Buffer.from('{"text":"h\u{e9}\u{2026}\u{1f600}"}\r\n{"b":2}\r\n')
    expect(frameChunks(cutAt(whole, [1])).lines).toEqual(['{"text":"h\u{e9}\u{2026}\u{1f600}"}', '{"b":2}'])
  })

  test('X-03: the last line needs no terminator; a blank rest is no line', () => {
    expect(frameText('a\nb')).toEqual(['a', 'b'])
    expect(frameText('a\nb\r')).toEqual(['a', 'b'])
    expect(frameText('a\n  ')).toEqual(['a'])
    expect(frameText('')).toEqual([])
  })

  test('X-04: lines that are not UTF-8 are found, and a U+FFFD that was written is none', () => {
    const bytes = Buffer.concat([
      Buffer.from('\u{fffd} \u{1f600}\n'),
      Buffer.from([0x61, 0xff, 0x0a]),
      Buffer.from('ok\r\n'),
      Buffer.from([0xc3, 0x0a]),
    ])
    expect(damagedLines(bytes)).toEqual([1, 3])
  })

  test('X-04: bytes that are not UTF-8 stay as they are until they are decoded', () => {
    const bad = Buffer.of(0x61, 0xff, 0xfe, 0x62, 0x0a, 0x63, 0xe2, 0x82, 0x0a)
    expect(new LineFramer(BYTES_MAX).push(bad)?.bytes).toEqual(bad)
    expect(frameChunks([bad]).lines).toEqual(['a\u{fffd}\u{fffd}b', 'c\u{fffd}'])
  })

  test('X-05: a byte order mark is no concern of the framer', () => {
    expect(frameText('\u{feff}{}\n\u{feff}{}\n')).toEqual(['\u{feff}{}', '\u{feff}{}'])
  })

  test('X-12: a line of exactly the bound passes, one byte more closes the framer after the lines before it', () => {
    expect(frameChunks([Buffer.from('12345\n')], 5)).toEqual({ lines: ['12345'], isTooLong: false })
    expect(frameChunks([Buffer.from('a\n123456\nb\n'), Buffer.from('c\n')], 5)).toEqual({
      lines: ['a'],
      isTooLong: true,
    })
    expect(frameChunks([Buffer.from('\u{e9}\u{e9}\u{e9}\n')], 5)).toEqual({ lines: [], isTooLong: true })
  })

  test('X-12: a line that never ends is refused as soon as it passes the bound', () => {
    const framer = new LineFramer(10)
    expect(framer.push(Buffer.from('1234567890'))).toBeUndefined()
    expect(framer.isTooLong).toBe(false)
    expect(framer.push(Buffer.from('1'))).toBeUndefined()
    expect(framer.isTooLong).toBe(true)
    expect(framer.push(Buffer.from('\nx\n'))).toBeUndefined()
    expect(framer.end()).toBeUndefined()
  })

  test('after the end nothing is given', () => {
    const framer = new LineFramer(10)
    framer.push(Buffer.from('a'))
    expect(framer.end()).toEqual({ count: 1, bytes: Buffer.from('a\n') })
    expect(framer.push(Buffer.from('b\n'))).toBeUndefined()
    expect(framer.end()).toBeUndefined()
    expect(framer.isTooLong).toBe(false)
  })

  test('a long line that comes byte by byte costs about its own size', () => {
    const framer = new LineFramer(2_000_000)
    const byte = Buffer.from('x')
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 2_000_000; i++) framer.push(byte)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(12_000_000)
    expect(framer.end()?.bytes.length).toBe(2_000_001)
  })
})

// Bytes that mean something here, far more often than chance would give them.
const byte = fc.oneof(
  fc.constantFrom(0x0a, 0x0d, 0x20, 0x7b, 0x61, 0xef, 0xbb, 0xbf, 0xe2, 0x82, 0xac, 0xff),
  fc.integer({ min: 0, max: 255 }),
)
const stream = fc.array(byte, { maxLength: 120 }).map((list) => Buffer.from(list))
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 })

test('X-02: any cutting of any bytes gives what the slow framer gives', () => {
  fc.assert(
    fc.property(stream, sizes, fc.constantFrom(3, 8, 30, BYTES_MAX), (whole, chunkSizes, lineBytesMax) => {
      expect(frameChunks(cutAt(whole, chunkSizes), lineBytesMax)).toEqual(frameSlowly(whole, lineBytesMax))
    }),
    { numRuns: 2_000 },
  )
})
