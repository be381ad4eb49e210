// No control, escape or bidi character of an agent reaches the terminal, whatever the text.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonLine, terminalLine, terminalText } from './terminal-text.ts'

// Written apart from the implementation: by code point, not by pattern.
function isUnsafe(code: number): boolean {
  if (code === 0x09 || code === 0x0a) return false
  const ranges: readonly [number, number][] = [
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0x61c, 0x61c],
    [0x200e, 0x200f],
    [0x202a, 0x202e],
    [0x2066, 0x2069],
    [0xd800, 0xdfff],
    [0xe0000, 0xe007f],
  ]
  return ranges.some(([from, to]) => code >= from && code <= to)
}

const unsafeIn = (text: string): number[] => Array.from(text, (c) => c.codePointAt(0) ?? 0).filter(isUnsafe)

// Half ordinary characters, half the ones that must not pass, lone surrogates included.
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\x1b[31m',
        '\x1b]0;title\x07',
        '\x9b2J',
        '\u202e',
        '\u2066',
        '\r',
        '\b',
        '\x7f',
        '\ud800',
        '\udc00',
        '\u{e0041}',
      ),
      fc.integer({ min: 0, max: 0xa0 }).map((code) => String.fromCharCode(code)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''))

describe('terminal text', () => {
  test('no control, escape, bidi, tag character or lone surrogate passes except newline and tab', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(unsafeIn(terminalText(text))).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })

  test('a line holds no newline and no tab either, and at most the width asked for', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 60 }), (text, width) => {
        const line = terminalLine(text, width)
        expect(unsafeIn(line)).toEqual([])
        expect(line).not.toMatch(/[\n\t]/)
        expect(Array.from(line).length).toBeLessThanOrEqual(width)
      }),
      { numRuns: 1000 },
    )
  })

  test('safe text passes unchanged', () => {
    const safe = 'Grüße, 世界 👩‍💻\n\tindented — “quoted” نص'
    expect(terminalText(safe)).toBe(safe)
  })

  test('what is neutralised stays visible', () => {
    expect(terminalText('a\x1b[2Jb')).toBe('a␛[2Jb')
    expect(terminalText('user\u202etxt.exe')).toBe('user<U+202E>txt.exe')
    expect(terminalText('one\r\ntwo\rthree')).toBe('one\ntwo␍three')
    expect(terminalText('\x9b31m')).toBe('<U+009B>31m')
  })

  test('treating a text twice changes nothing more', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(terminalText(terminalText(text))).toBe(terminalText(text))
      }),
    )
  })

  test('a JSON line is one safe line that parses back to the same value', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const line = jsonLine({ text })
        expect(unsafeIn(line)).toEqual([])
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(JSON.parse(line)).toEqual({ text })
      }),
      { numRuns: 1000 },
    )
  })
})
