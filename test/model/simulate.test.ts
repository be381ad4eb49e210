// The long run of the simulator judges as it says: a break is told with its seed and its story, and a run that proved nothing fails.

import { expect, test } from 'vitest'

import { simulate } from './simulate.ts'
import { World } from './world.ts'
import { SESSIONS, WORLDS } from './worlds.ts'
import type { WorldKind } from './worlds.ts'

/** Effects leave before the commit: broken within a few schedules. */
const PLANTED: WorldKind = {
  ...SESSIONS,
  make: (seed) => {
    const world = new World(seed, { effectsFirst: true })
    return { run: () => world.run(), reached: () => [], stores: () => [world.store] }
  },
}

test.for(WORLDS)('1,000 schedules of a world hold and reach everything: $name', (world) => {
  let done = 0
  const verdict = simulate(world, { first: 7_000_000, schedules: 1_000, onSchedule: (n) => (done = n) })
  expect(verdict).toEqual({ kind: 'held' })
  expect(done).toBe(1_000)
})

test('a broken rule ends the run and is told with a seed that alone breaks it again, and what was stored until then', () => {
  const verdict = simulate(PLANTED, { first: 1, schedules: 5_000 })
  if (verdict.kind !== 'broken') throw new Error(`nothing was found: ${verdict.kind}`)
  expect(verdict.rule).toMatch(/^S(1|3|5)/)
  expect(verdict.story.join('\n')).toContain('turn.queued')
  expect(simulate(PLANTED, { first: verdict.seed, schedules: 1 })).toEqual(verdict)
})

test('a run in which something never happened has not held', () => {
  const world = { ...SESSIONS, reaches: ['completed/yes', 'completed/never'] }
  expect(simulate(world, { first: 1, schedules: 1_000 })).toEqual({ kind: 'unreached', missing: ['completed/never'] })
})

test('an exception that is no broken rule is thrown with its seed', () => {
  const make = (seed: number) => ({ ...SESSIONS.make(seed), run: () => (seed === 3 ? JSON.parse('') : undefined) })
  expect(() => simulate({ ...SESSIONS, make }, { first: 1, schedules: 5 })).toThrow('world session, seed 3')
})
