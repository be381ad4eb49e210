// What was asked of the process, in every order: which request wins, what each signal says, what a new life forgets.

import { expect, test } from 'vitest'

import { Requests } from './requests.ts'

type Ask = 'stop' | 'keep' | 'restart' | 'begin'

function asked(...asks: readonly Ask[]) {
  const requests = new Requests()
  for (const ask of asks) {
    if (ask === 'restart') requests.restart('why')
    else if (ask === 'begin') requests.begin()
    else requests.stop('why', { keepsAgents: ask === 'keep' })
  }
  const { wish, keepsAgents, drain, stopped, force } = requests
  return [wish?.kind ?? 'none', keepsAgents, drain.aborted, stopped.aborted, force.aborted]
}

test.each([
  [[], ['none', false, false, false, false]],
  [['restart'], ['restart', true, true, false, false]],
  [['stop'], ['stop', false, true, true, false]],
  [['keep'], ['stop', true, true, true, false]],
  [
    ['stop', 'stop'],
    ['stop', false, true, true, true],
  ],
  // A later stop is never weaker than an earlier one.
  [
    ['keep', 'stop'],
    ['stop', false, true, true, true],
  ],
  [
    ['stop', 'keep'],
    ['stop', false, true, true, true],
  ],
  // T19: a stop beats a restart; nothing beats a stop.
  [
    ['restart', 'stop'],
    ['stop', false, true, true, false],
  ],
  [
    ['restart', 'keep'],
    ['stop', true, true, true, false],
  ],
  [
    ['stop', 'restart'],
    ['stop', false, true, true, false],
  ],
  // A restart holds for one life, a stop for all.
  [
    ['restart', 'begin'],
    ['none', false, false, false, false],
  ],
  [
    ['stop', 'begin'],
    ['stop', false, true, true, false],
  ],
  [
    ['restart', 'stop', 'begin'],
    ['stop', false, true, true, false],
  ],
  [
    ['restart', 'begin', 'restart'],
    ['restart', true, true, false, false],
  ],
] as const)('%j: wish, keeps agents, drain, stopped, force are %j', (asks, expected) => {
  expect(asked(...asks)).toEqual(expected)
})

test('the budget and the reason are those of the first stop', () => {
  const requests = new Requests()
  requests.stop('SIGTERM', { budgetMs: 5 })
  expect(requests.stop('SIGINT', { budgetMs: 9 })).toBe(2)
  expect(requests.budgetMs).toBe(5)
  expect(requests.wish).toMatchObject({ reason: 'SIGTERM' })
})
