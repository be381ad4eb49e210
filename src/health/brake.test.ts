// When the crash-loop brake acts, as a table of lives.

import { expect, test } from 'vitest'

import type { LifeEnd, LifeRecord } from '../store/lives.ts'
import { countCrashes, isBraked } from './brake.ts'

const WINDOW_MS = 300_000
const NOW = 10_000_000

/** `at`: seconds before now. */
function life(how: LifeEnd, at: number, safeMode?: LifeRecord['safeMode']): LifeRecord {
  const end = { at: NOW - at * 1_000, how, code: undefined, reason: undefined }
  const unknown = { readyAt: undefined, turnsTakenOver: undefined, turnsInterrupted: undefined, memory: undefined }
  return { ...unknown, epoch: 1, version: '1', pid: 1, bootId: 'b', startedAt: 0, askedAt: undefined, safeMode, end }
}

test.each([
  ['nothing came before', [], 0],
  ['three in a row', [life('killed', 1), life('crashed', 60), life('wedged', 200)], 3],
  ['one of the machine counts too', [life('machine_down', 1), life('killed', 60)], 2],
  ['one outside of the window does not count', [life('killed', 1), life('killed', 60), life('killed', 301)], 2],
  ['a stop ends the row', [life('killed', 1), life('stopped', 2), life('killed', 3), life('killed', 4)], 1],
  ['a restart ends the row', [life('restart', 1), life('killed', 3), life('killed', 4)], 0],
  ['a failure with a code neither counts nor ends it', [life('killed', 1), life('failed', 2), life('killed', 3)], 2],
  ['what a person has left counts from then on', [life('killed', 1, 'left'), life('killed', 3), life('killed', 4)], 1],
  ['what ended by itself does not end the row', [life('killed', 1, 'over'), life('killed', 3)], 2],
] as const)('crashes that count: %s', (_, lives, crashes) => {
  expect(countCrashes(lives, { crashesMax: 3, windowMs: WINDOW_MS }, NOW)).toBe(crashes)
})

test('three crashes brake, two do not, and 0 is never', () => {
  const limits = { crashesMax: 3, windowMs: WINDOW_MS }
  expect([isBraked(2, limits), isBraked(3, limits), isBraked(9, { ...limits, crashesMax: 0 })]).toEqual([
    false,
    true,
    false,
  ])
})
