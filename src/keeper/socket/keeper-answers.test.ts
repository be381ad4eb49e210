import { expect, test } from 'vitest'

import { readExit } from './keeper-answers.ts'

test.each([
  { code: 3, signal: null },
  { code: null, signal: 'SIGKILL', memoryKills: 2 },
])('an exit arrives as it was told: %j', (exit) => {
  expect(readExit(JSON.parse(JSON.stringify(exit)))).toEqual(exit)
})
