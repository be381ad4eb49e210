// A timer in time, and one whose process stood still.

import { expect, test } from 'vitest'

import { manualClock } from '../../test/_support/manual-clock.ts'
import { startPatientTimer } from './patient-timer.ts'

test('in time it fires at once; after a standstill what waits is heard first; a cancel holds in both waits', () => {
  const clock = manualClock()
  const fired: string[] = []
  const start = (name: string, inMs: number) => startPatientTimer(clock, clock.now() + inMs, () => fired.push(name))
  start('in time', 100)
  clock.advance(150)
  expect(fired).toEqual(['in time'])
  start('late', 100)
  const cancelled = start('cancelled', 100)
  clock.sleep(60_000)
  expect(fired).toEqual(['in time'])
  cancelled.cancel()
  clock.advance(1_000)
  expect(fired).toEqual(['in time', 'late'])
})
