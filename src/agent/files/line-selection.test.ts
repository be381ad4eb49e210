// Lines of a file as an agent asks for them, against the plainest way to cut a text.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { LineSelection } from './line-selection.ts'
import type { Lines } from './line-selection.ts'

function select(chunks: readonly Buffer[], lines: Lines): string {
  const selection = new LineSelection(lines)
  for (const chunk of chunks) if (!selection.isComplete) selection.push(chunk)
  return selection.bytes().toString('latin1')
}

function plain(text: string, { line, limit }: Lines): string {
  const lines = text.split(/(?<=\n)/)
  return lines.slice(line - 1, limit === undefined ? undefined : line - 1 + limit).join('')
}

const text = fc.array(fc.constantFrom('a', '\n', '\r\n', '\r', 'ä', ''), { maxLength: 40 }).map((all) => all.join(''))
const chunked = fc.tuple(text, fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 20 }))
const wanted = fc.record({
  line: fc.integer({ min: 1, max: 12 }),
  limit: fc.option(fc.nat({ max: 8 }), { nil: undefined }),
})

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...chunks, bytes.subarray(at)]
}

test('whatever the pieces, the lines are those of the whole text, each with its end (C-61)', () => {
  fc.assert(
    fc.property(chunked, wanted, ([whole, sizes], lines) => {
      const bytes = Buffer.from(whole)
      expect(select(cut(bytes, sizes), lines)).toBe(plain(bytes.toString('latin1'), lines))
    }),
  )
})

test('pages of any length, joined, are the file', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 5 }), (whole, limit) => {
      const bytes = Buffer.from(whole)
      let joined = ''
      for (let line = 1; line <= whole.length + 1; line += limit) joined += select([bytes], { line, limit })
      expect(joined).toBe(bytes.toString('latin1'))
    }),
  )
})
