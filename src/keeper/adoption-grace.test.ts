import { expect, test } from 'vitest'

import { manualClock } from '../../test/_support/manual-clock.ts'
import { AdoptionGrace } from './adoption-grace.ts'

function openGrace(graceMs: number): { grace: AdoptionGrace; clock: ReturnType<typeof manualClock>; state: State } {
  const clock = manualClock()
  const state: State = { isEmpty: false, overs: 0 }
  const grace = new AdoptionGrace({
    clock,
    graceMs,
    isEmpty: () => state.isEmpty,
    onOver: () => state.overs++,
  })
  return { grace, clock, state }
}

interface State {
  isEmpty: boolean
  overs: number
}

test('a keeper that holds something waits for the whole grace; a gateway that comes stops it', () => {
  const { grace, clock, state } = openGrace(600_000)
  grace.start()
  clock.advance(599_999)
  grace.stop()
  clock.advance(600_000)
  expect(state.overs).toBe(0)
  grace.start()
  clock.advance(600_000)
  expect([state.overs, clock.waiting()]).toEqual([1, 0])
})

test('an empty keeper waits for 10 s, and never longer than the grace', () => {
  const long = openGrace(600_000)
  long.state.isEmpty = true
  long.grace.start()
  long.clock.advance(10_000)
  expect(long.state.overs).toBe(1)
  const short = openGrace(500)
  short.state.isEmpty = true
  short.grace.start()
  short.clock.advance(500)
  expect(short.state.overs).toBe(1)
})

test('what started after the gateway went is kept for the whole grace', () => {
  const { grace, clock, state } = openGrace(600_000)
  state.isEmpty = true
  grace.start()
  state.isEmpty = false
  clock.advance(599_999)
  expect(state.overs).toBe(0)
  clock.advance(1)
  expect(state.overs).toBe(1)
})
