// Lines that wait for their answer: kept once, in order, within a bound, until the frame is written.

import { expect, test } from 'vitest'

import { PinnedLines } from './pinned-lines.ts'

const pin = (line: number, text = 'x') => ({ line, frameId: `a${line}`, text })

test('pins are listed in the order of their lines, each once, until their frame is written', () => {
  const pins = new PinnedLines()
  for (const line of [7, 3, 5, 3]) pins.add(pin(line))
  pins.settle('a5')
  pins.settle('never pinned')
  expect(pins.list().map(({ line }) => line)).toEqual([3, 7])
})

test('what passes the bound is not pinned; a frame that is written makes room', () => {
  const pins = new PinnedLines()
  pins.add(pin(1, 'x'.repeat(60_000)))
  pins.add(pin(2, 'y'.repeat(6_000)))
  expect(pins.list().map(({ line }) => line)).toEqual([1])
  pins.settle('a1')
  pins.add(pin(2, 'y'.repeat(6_000)))
  expect(pins.list()).toEqual([pin(2, 'y'.repeat(6_000))])
})
