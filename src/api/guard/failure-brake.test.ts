import { expect, test } from 'vitest'

import { FailureBrake } from './failure-brake.ts'

const OPTIONS = { burst: 3, refillMs: 1_000, peersMax: 4 }

test('a burst is free, then one failure per refill time', () => {
  const brake = new FailureBrake(OPTIONS)
  expect([0, 0, 0].map((now) => brake.fail('a', now))).toEqual([0, 0, 0])
  expect(brake.fail('a', 0)).toBe(1_000)
  expect(brake.fail('a', 400)).toBe(600)
  expect(brake.fail('a', 1_000)).toBe(0)
  expect(brake.fail('a', 1_000)).toBe(1_000)
})

test('failures that were refused do not make the wait longer', () => {
  const brake = new FailureBrake(OPTIONS)
  for (let i = 0; i < 1_000; i++) brake.fail('a', 0)
  expect(brake.fail('a', 1_000)).toBe(0)
})

test('the allowance is full again after a quiet time, and never fuller', () => {
  const brake = new FailureBrake(OPTIONS)
  for (let i = 0; i < 4; i++) brake.fail('a', 0)
  expect([1e9, 1e9, 1e9, 1e9].map((now) => brake.fail('a', now))).toEqual([0, 0, 0, 1_000])
})

test('peers do not slow each other, and the table forgets the oldest', () => {
  const brake = new FailureBrake(OPTIONS)
  for (let i = 0; i < 4; i++) brake.fail('first', 0)
  for (const peer of ['b', 'c', 'd']) expect(brake.fail(peer, 0)).toBe(0)
  expect(brake.fail('first', 0)).toBe(1_000)
  for (const peer of ['e', 'f', 'g', 'h']) brake.fail(peer, 0)
  expect(brake.peers).toBe(4)
  expect(brake.fail('first', 0)).toBe(0)
})
