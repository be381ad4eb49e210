import { expect, test } from 'vitest'

import { KnownCalls } from './known-calls.ts'

const CALL = { sessionUpdate: 'tool_call', toolCallId: 'c1', title: 'Write a.txt', kind: 'edit', status: 'pending' }

test('C-57 a request that only names its call is completed with what was told of it, and says more than that itself', () => {
  const calls = new KnownCalls()
  calls.take('s', { ...CALL, rawInput: { path: 'a.txt' } })
  calls.take('s', {
    sessionUpdate: 'tool_call_update',
    toolCallId: 'c1',
    title: null,
    kind: 'delete',
    status: 'failed',
  })
  const known = { toolCallId: 'c1', title: 'Write a.txt', kind: 'delete', rawInput: { path: 'a.txt' } }
  expect(calls.complete('s', { toolCallId: 'c1' })).toEqual(known)
  expect(calls.complete('s', { toolCallId: 'c1', title: 'Mine', kind: null })).toEqual({ ...known, title: 'Mine' })
  const whole = { ...known, title: 'Mine', extra: 1 }
  expect(calls.complete('s', whole)).toBe(whole)
})

test.each([
  ['of another session', (calls: KnownCalls) => calls.take('other', CALL)],
  ['with another id', (calls: KnownCalls) => calls.take('s', { ...CALL, toolCallId: 'c2' })],
  ['of an earlier turn, whose ids may come again', (calls: KnownCalls) => (calls.take('s', CALL), calls.startTurn())],
  ['without an id', (calls: KnownCalls) => calls.take('s', { ...CALL, toolCallId: 1 })],
  ['that is none', (calls: KnownCalls) => calls.take('s', { ...CALL, sessionUpdate: 'plan' })],
])('a call %s says nothing about a request', (_, tell) => {
  const calls = new KnownCalls()
  tell(calls)
  const asked = { toolCallId: 'c1' }
  expect(calls.complete('s', asked)).toBe(asked)
})

test('a new call takes the place of one with its id', () => {
  const calls = new KnownCalls()
  calls.take('s', { ...CALL, rawInput: { path: 'a.txt' } })
  calls.take('s', { ...CALL, title: 'Other', kind: null })
  expect(calls.complete('s', { toolCallId: 'c1' })).toEqual({ toolCallId: 'c1', title: 'Other' })
})

test('what is kept is bounded, and a field that is too long is not there instead of being old', () => {
  const calls = new KnownCalls()
  calls.take('s', { ...CALL, rawInput: { path: 'a.txt' } })
  calls.take('s', { sessionUpdate: 'tool_call_update', toolCallId: 'c1', rawInput: { text: 'x'.repeat(64 * 1024) } })
  expect(calls.complete('s', { toolCallId: 'c1' })).toEqual({ toolCallId: 'c1', title: 'Write a.txt', kind: 'edit' })
  for (let no = 0; no < 512; no++) calls.take('s', { ...CALL, toolCallId: `n${no}` })
  expect(calls.complete('s', { toolCallId: 'c1' })).toEqual({ toolCallId: 'c1' })
})
