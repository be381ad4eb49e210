// Framing: what a line is, and that it never depends on how the bytes were cut. Numbers X-nn: the wire robustness table.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { LineSplitter } from './lines.ts'

const BYTES_MAX = 1_024

interface Split {
  lines: string[]
  tooLong: boolean
  replacedLines: number
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function splitChunks(chunks: readonly Uint8Array[], lineBytesMax = BYTES_MAX): Split {
  const splitter = new LineSplitter(lineBytesMax)
  const lines: string[] = []
  for (const chunk of chunks) {
    const reused = Uint8Array.from(chunk)
    lines.push(...splitter.push(reused))
    reused.fill(0x21)
  }
  const last = splitter.end()
  if (last !== undefined) lines.push(last)
  return { lines, tooLong: splitter.tooLong, replacedLines: splitter.replacedLines }
}

function splitText(text: string): string[] {
  return splitChunks([bytes(text)]).lines
}

function cut(whole: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < whole.length; at += size) chunks.push(whole.subarray(at, at + size))
  return chunks
}

/** The same promise, written slowly: one line after the other over the whole input. */
function splitSlowly(whole: Uint8Array, lineBytesMax: number): Split {
  const split: Split = { lines: [], tooLong: false, replacedLines: 0 }
  for (const raw of Buffer.from(whole).toString('latin1').split('\n')) {
    if (raw.length > lineBytesMax) return { ...split, tooLong: true }
    const lineBytes = Buffer.from(raw, 'latin1')
    let line = lineBytes.toString('utf8').replace(/\r$/, '')
    if (split.lines.length === 0) line = line.replace(/^\u{feff}/u, '')
    if (line.trim() === '') continue
    split.lines.push(line)
    if (!lineBytes.equals(Buffer.from(lineBytes.toString('utf8')))) split.replacedLines++
  }
  return split
}

describe('lines', () => {
  test('X-01: LF and CRLF end a line; one CR goes with it', () => {
    expect(splitText('a\nb\r\nc\r\r\n')).toEqual(['a', 'b', 'c\r'])
  })

  test('X-01: blank and whitespace-only lines are dropped', () => {
    expect(splitText('\n\r\n  \t \n{}\n\n \r\n{"a":1}\n')).toEqual(['{}', '{"a":1}'])
  })

  test('X-02: one byte at a time gives the same lines', () => {
    const whole = bytes('{"text":"h\u{e9}\u{2026}\u{1f600}"}\r\n{"b":2}\r\n')
    expect(splitChunks(cut(whole, 1)).lines).toEqual(['{"text":"h\u{e9}\u{2026}\u{1f600}"}', '{"b":2}'])
  })

  test('X-02: CR and LF in two chunks end one line', () => {
    expect(splitChunks([bytes('a\r'), bytes('\nb\r'), bytes('\n')]).lines).toEqual(['a', 'b'])
  })

  test('X-03: the last line needs no terminator', () => {
    expect(splitText('a\nb')).toEqual(['a', 'b'])
    expect(splitText('a\nb\r')).toEqual(['a', 'b'])
    expect(splitText('a\n  ')).toEqual(['a'])
  })

  test('X-04: bytes that are not UTF-8 are replaced, and the line is counted once', () => {
    const bad = Uint8Array.of(0x61, 0xff, 0xfe, 0x62, 0x0a, 0x63, 0xe2, 0x82, 0x0a, 0x64, 0x0a)
    expect(splitChunks([bad])).toEqual({
      lines: ['a\u{fffd}\u{fffd}b', 'c\u{fffd}', 'd'],
      tooLong: false,
      replacedLines: 2,
    })
  })

  test('X-04: a replacement character that was sent as such is not counted', () => {
    expect(splitChunks([bytes('a\u{fffd}\nb\n')])).toMatchObject({ lines: ['a\u{fffd}', 'b'], replacedLines: 0 })
  })

  test('X-05: a byte order mark is dropped before the first line only', () => {
    expect(splitText('\u{feff}{}\n\u{feff}{}\n')).toEqual(['{}', '\u{feff}{}'])
    expect(splitText('\n\u{feff}{}\n')).toEqual(['{}'])
    expect(splitChunks(cut(bytes('\u{feff}{}\n'), 1)).lines).toEqual(['{}'])
  })

  test('X-12: a line of exactly the limit passes, one byte more closes the splitter', () => {
    expect(splitChunks([bytes('12345\n')], 5)).toMatchObject({ lines: ['12345'], tooLong: false })
    expect(splitChunks([bytes('a\n123456\nb\n'), bytes('c\n')], 5)).toMatchObject({ lines: ['a'], tooLong: true })
  })

  test('X-12: the limit counts bytes, not characters', () => {
    expect(splitChunks([bytes('\u{e9}\u{e9}\u{e9}\n')], 5)).toMatchObject({ lines: [], tooLong: true })
  })

  test('X-12: a line that never ends is refused as soon as it passes the limit', () => {
    const splitter = new LineSplitter(10)
    expect(splitter.push(bytes('1234567890'))).toEqual([])
    expect(splitter.tooLong).toBe(false)
    expect(splitter.push(bytes('1'))).toEqual([])
    expect(splitter.tooLong).toBe(true)
    expect(splitter.push(bytes('\nx\n'))).toEqual([])
    expect(splitter.end()).toBeUndefined()
  })

  test('after the end nothing is delivered', () => {
    const splitter = new LineSplitter(10)
    splitter.push(bytes('a'))
    expect(splitter.end()).toBe('a')
    expect(splitter.push(bytes('b\n'))).toEqual([])
    expect(splitter.end()).toBeUndefined()
  })
})

// Bytes that mean something here, far more often than chance would give them.
const byte = fc.oneof(
  fc.constantFrom(0x0a, 0x0d, 0x20, 0x7b, 0x61, 0xef, 0xbb, 0xbf, 0xe2, 0x82, 0xac, 0xff),
  fc.integer({ min: 0, max: 255 }),
)
const stream = fc.array(byte, { maxLength: 120 }).map((list) => Uint8Array.from(list))
const text = fc
  .array(fc.string({ unit: 'binary', maxLength: 20 }), { maxLength: 8 })
  .map((list) => bytes(list.join('\n')))

function cutAt(whole: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let at = 0
  for (let i = 0; at < whole.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    chunks.push(whole.subarray(at, at + size))
    at += size
  }
  return chunks
}

describe('lines, any chunking', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 })
  const bound = fc.constantFrom(3, 8, 30, BYTES_MAX)

  test('X-02: any chunking of any bytes gives what the slow splitter gives', () => {
    fc.assert(
      fc.property(fc.oneof(stream, text), sizes, bound, (whole, chunkSizes, lineBytesMax) => {
        expect(splitChunks(cutAt(whole, chunkSizes), lineBytesMax)).toEqual(splitSlowly(whole, lineBytesMax))
      }),
      { numRuns: 2_000 },
    )
  })
})
