import { expect, test } from 'vitest'

import { recent } from './recent.ts'

test('what was read is not read again before it is old; also after the clock was set back', () => {
  let now = 1_000
  let readings = 0
  const read = recent(() => ++readings, { now: () => now }, 100)
  const at = (time: number): number => {
    now = time
    return read()
  }
  expect([1_000, 1_001, 1_099].map(at)).toEqual([1, 1, 1])
  expect([1_100, 1_199].map(at)).toEqual([2, 2])
  expect([500, 599, 600].map(at)).toEqual([3, 3, 4])
})
