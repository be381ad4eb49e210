// When a standstill is a wedge: counted in looks, said once, ended late.

import { expect, test } from 'vitest'

import { WedgeJudge } from './wedge.ts'
import type { Signs, Verdict } from './wedge.ts'

const LOOK_MS = 100
const WEDGE_MS = 500

/** The verdicts that say something, with the number of the look. */
function judge(signs: readonly Signs[]): [number, Verdict][] {
  const judged = new WedgeJudge(LOOK_MS, WEDGE_MS)
  return signs.map((each, i): [number, Verdict] => [i, judged.look(each)]).filter(([, { kind }]) => kind !== 'moves')
}

const looks = (count: number, sign: (i: number) => Signs): Signs[] => Array.from({ length: count }, (_, i) => sign(i))

test('what moves, or was late for less than its time, is no wedge', () => {
  expect(judge(looks(50, (i) => ({ loop: i, store: i })))).toEqual([])
  expect(judge(looks(50, (i) => ({ loop: Math.floor(i / 4), store: Math.floor(i / 5) })))).toEqual([])
})

test('a loop that stands still is said once after its time and lost after four times that', () => {
  const [first, second, ...rest] = judge(looks(23, () => ({ loop: 1, store: 1 })))
  expect(first).toEqual([5, { kind: 'wedged', part: 'loop', ms: 500 }])
  expect(second).toEqual([20, { kind: 'lost', part: 'loop', ms: 2_000 }])
  expect(rest.every(([, { kind }]) => kind === 'lost')).toBe(true)
})

test('a store that does not answer while the loop turns is the store', () => {
  const verdicts = judge(looks(21, (i) => ({ loop: i, store: 1 })))
  expect(verdicts.map(([i, { kind }]) => [i, kind])).toEqual([
    [5, 'wedged'],
    [20, 'lost'],
  ])
  expect(verdicts[0]?.[1]).toMatchObject({ part: 'store' })
})

test('a loop that hangs while the store was asked something is the loop', () => {
  const busy = looks(3, (i) => ({ loop: i, store: 0 }))
  const verdicts = judge([...busy, ...looks(23, () => ({ loop: 9, store: 0 }))])
  expect(verdicts[0]).toEqual([8, { kind: 'wedged', part: 'loop', ms: 500 }])
  expect(verdicts.every(([, verdict]) => verdict.kind !== 'moves' && verdict.part === 'loop')).toBe(true)
})

test('what moves again is said, and its time begins anew', () => {
  const still = looks(8, () => ({ loop: 1, store: 1 }))
  const again = looks(19, () => ({ loop: 2, store: 2 }))
  const verdicts = judge([...still, ...again])
  expect(verdicts.map(([i, { kind }]) => [i, kind])).toEqual([
    [5, 'wedged'],
    [8, 'recovered'],
    [13, 'wedged'],
  ])
  expect(verdicts[1]?.[1]).toMatchObject({ ms: 700 })
})
