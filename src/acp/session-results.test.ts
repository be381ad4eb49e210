// Answers to session requests: the one essential field of each, and nothing else. C-nn: the client checklist.

import { describe, expect, test } from 'vitest'

import type { Json } from '../base/json.ts'
import { narrowNewSession, narrowOpenedSession, narrowPromptAnswer } from './session-results.ts'

describe('session results', () => {
  test.each<Json>([null, {}, [], 'x', { sessionId: '' }, { sessionId: 5 }])(
    'session/new: %j is malformed',
    (result) => {
      expect(narrowNewSession(result)).toMatchObject({ kind: 'malformed' })
    },
  )

  test('session/new: bad optional fields are kept, with a warning', () => {
    const result = { sessionId: 's1', modes: 'x' }
    expect(narrowNewSession(result)).toMatchObject({ kind: 'usable', value: { sessionId: 's1', result } })
    expect(narrowNewSession(result)).toMatchObject({ warning: expect.any(String) as string })
    expect(narrowNewSession({ sessionId: 's1' })).toMatchObject({ warning: undefined })
  })

  test.each(['session/load', 'session/resume'] as const)('C-28: null and {} are the same answer to %s', (method) => {
    expect(narrowOpenedSession(method, null)).toEqual(narrowOpenedSession(method, {}))
    expect(narrowOpenedSession(method, null)).toEqual({ kind: 'usable', value: {}, warning: undefined })
    expect(narrowOpenedSession(method, [])).toMatchObject({ kind: 'malformed' })
    expect(narrowOpenedSession(method, { configOptions: 5 })).toMatchObject({ warning: expect.any(String) as string })
  })

  test('C-38: an unknown stop reason is kept, a missing one is malformed', () => {
    expect(narrowPromptAnswer({ stopReason: 'end_turn' })).toMatchObject({ kind: 'usable', warning: undefined })
    expect(narrowPromptAnswer({ stopReason: 'bored' })).toMatchObject({
      value: { stopReason: 'bored' },
      warning: expect.any(String) as string,
    })
    for (const result of [null, {}, { stopReason: 1 }, 'end_turn']) {
      expect(narrowPromptAnswer(result)).toMatchObject({ kind: 'malformed' })
    }
  })
})
