// The look at the text never says "not deeper" of a value that is.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { Json } from '../base/json.ts'
import { isDeeperThan, mayBeDeeperThan } from './json-depth.ts'

test('a value that is nested too deeply has too many brackets in its text', () => {
  const levels = fc.integer({ min: 0, max: 6 })
  let deeper = 0
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), levels, (value, levelsMax) => {
      if (!isDeeperThan(value as Json, levelsMax)) return
      deeper++
      expect(mayBeDeeperThan(JSON.stringify(value), levelsMax)).toBe(true)
    }),
    { numRuns: 2_000 },
  )
  expect(deeper).toBeGreaterThan(100)
})

test('objects and lists count together', () => {
  expect(mayBeDeeperThan('{"a":[{"b":[]}]}', 3)).toBe(true)
  expect(mayBeDeeperThan('{"a":[{"b":[]}]}', 4)).toBe(false)
})
