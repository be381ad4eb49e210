// Which lines the host may forget while some of them are still worked on.

import { expect, test } from 'vitest'

import { AcknowledgedLines } from './acknowledged-lines.ts'

function openRig(): { lines: AcknowledgedLines; told: number[] } {
  const told: number[] = []
  return { lines: new AcknowledgedLines((n) => told.push(n)), told }
}

test('what is stored is acknowledged, but no line that is withheld and none after it', () => {
  const { lines, told } = openRig()
  lines.stored(2)
  const [three, five] = [lines.withhold(3), lines.withhold(5)]
  lines.stored(6)
  three[Symbol.dispose]()
  lines.stored(7)
  five[Symbol.dispose]()
  expect(told).toEqual([2, 2, 4, 4, 7])
})

test('a line that is let go of before it is stored acknowledges nothing; nor does one with another before it', () => {
  const { lines, told } = openRig()
  const [one, two] = [lines.withhold(1), lines.withhold(2)]
  two[Symbol.dispose]()
  one[Symbol.dispose]()
  expect(told).toEqual([])
  lines.stored(2)
  const three = lines.withhold(3)
  const four = lines.withhold(4)
  lines.stored(4)
  four[Symbol.dispose]()
  expect(told).toEqual([2, 2])
  three[Symbol.dispose]()
  expect(told).toEqual([2, 2, 4])
})
