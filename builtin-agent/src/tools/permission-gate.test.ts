// Who may say that something happens, and for how long.

import { describe, expect, test } from 'vitest'

import type { Json, JsonObject } from '../../../src/base/json.ts'
import { PermissionGate } from './permission-gate.ts'

const EFFECT = { key: 'change', scope: 'changes of files here' }
const CALL = { toolCallId: 't' }

function gateThat(answer: (options: JsonObject[]) => Json | Error) {
  const asked: string[][] = []
  const gate = new PermissionGate(async ({ options }) => {
    asked.push((options as { kind: string }[]).map(({ kind }) => kind))
    const given = answer(options as JsonObject[])
    if (given instanceof Error) throw given
    return given
  })
  return { gate, asked }
}

function picking(kind: string): (options: JsonObject[]) => Json {
  return (options) => ({
    outcome: {
      outcome: 'selected',
      optionId: options.find((option) => option['kind'] === kind)?.['optionId'] ?? 'none',
    },
  })
}

const signal = new AbortController().signal

test.each([
  ['ask', ['allow_once', 'reject_once']],
  ['plan', ['allow_once', 'reject_once']],
  ['code', ['allow_once', 'allow_always', 'reject_once', 'reject_always']],
] as const)('mode %s offers %j', async (mode, kinds) => {
  const { gate, asked } = gateThat(picking('allow_once'))
  expect(await gate.judge(EFFECT, CALL, mode, signal)).toBe('allowed')
  expect(asked).toEqual([kinds])
})

describe('an answer for good', () => {
  test.each([
    ['allow_always', 'allowed'],
    ['reject_always', 'rejected'],
  ] as const)('%s holds for the same effect in mode code, for no other, and not in mode ask', async (kind, verdict) => {
    const { gate, asked } = gateThat(picking(kind))
    for (let n = 0; n < 2; n++) expect(await gate.judge(EFFECT, CALL, 'code', signal)).toBe(verdict)
    expect(asked).toHaveLength(1)
    await gate.judge({ key: 'run:ls', scope: 'ls' }, CALL, 'code', signal)
    await gate.judge(EFFECT, CALL, 'ask', signal)
    expect(asked).toHaveLength(3)
  })
})

test.each([
  ['an error of the client', new Error('no')],
  ['an option that was not offered', { outcome: { outcome: 'selected', optionId: 'allow-always' } }],
  ['an outcome that nobody knows', { outcome: { outcome: 'maybe', optionId: 'allow' } }],
  ['nothing', null],
])('F-44: %s is no permission', async (_, answer) => {
  const { gate } = gateThat(() => answer)
  expect(await gate.judge(EFFECT, CALL, 'ask', signal)).toBe('rejected')
})

test('a question that was withdrawn is told apart', async () => {
  const { gate } = gateThat(() => ({ outcome: { outcome: 'cancelled' } }))
  expect(await gate.judge(EFFECT, CALL, 'ask', signal)).toBe('cancelled')
})
