// The stderr ring against the same thing written slowly, and what its tail makes of hostile text.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { StderrRing } from './stderr-ring.ts'

describe('stderr ring', () => {
  test('keeps the newest bytes and counts the rest, whatever the chunks are', () => {
    const chunks = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 40 }), { maxLength: 30 })
    fc.assert(
      fc.property(chunks, fc.integer({ min: 1, max: 60 }), (texts, bytesMax) => {
        const ring = new StderrRing(bytesMax)
        for (const text of texts) ring.push(Buffer.from(text))
        const all = texts.join('')
        expect(ring.tail(bytesMax)).toBe(all.slice(-bytesMax))
        expect(ring.tail(3)).toBe(all.slice(-Math.min(3, bytesMax)))
        expect(ring.droppedBytes).toBe(Math.max(0, all.length - bytesMax))
      }),
      { numRuns: 1_000 },
    )
  })

  test('a flood costs the ring and no more', () => {
    const ring = new StderrRing()
    ring.push(Buffer.alloc(3_000, 'x'))
    for (let i = 0; i < 200; i++) ring.push(Buffer.alloc(65_536, i % 2 ? 'y' : 'z'))
    expect(ring.droppedBytes).toBe(3_000 + 200 * 65_536 - 256 * 1024)
    expect(ring.tail()).toBe('y'.repeat(4_096))
  })

  test('control characters show as codes, lines stay lines, and the tail keeps its bound', () => {
    const ring = new StderrRing()
    ring.push(Buffer.from('one\r\n\u001b[2Jtwo\u0000\u0007\n\u202ethree\tend\n'))
    expect(ring.tail()).toBe('one\n\\u{1b}[2Jtwo\\u{0}\\u{7}\n\\u{202e}three\tend\n')
    ring.push(Buffer.alloc(8_192, 0x1b))
    expect(Buffer.byteLength(ring.tail())).toBeLessThanOrEqual(4_096)
  })

  test('bytes of any encoding do not hurt, and a character that the cut went through is left out', () => {
    const ring = new StderrRing()
    ring.push(Uint8Array.of(0xff, 0xfe, 0x41))
    expect(ring.tail()).toBe('\u{fffd}\u{fffd}A')
    ring.push(Buffer.from('\u{20ac}x'))
    expect(ring.tail(3)).toBe('x')
  })
})
