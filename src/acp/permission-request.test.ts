// Permission requests: unknown kinds are kept, bad options cost only themselves. C-nn: the client checklist.

import { describe, expect, test } from 'vitest'

import type { Json, JsonObject } from '../base/json.ts'
import { narrowPermissionRequest } from './permission-request.ts'

const allow = { optionId: 'a', name: 'Allow', kind: 'allow_once' }
const toolCall = { toolCallId: 't1', title: 'Write', _meta: { x: 1 } }

function params(changes: JsonObject = {}): JsonObject {
  return { sessionId: 's1', toolCall, options: [allow], ...changes }
}

function narrowOptions(options: Json[]) {
  return narrowPermissionRequest(params({ options }))
}

describe('permission requests', () => {
  test('a request as the schema has it is given as it came', () => {
    expect(narrowPermissionRequest(params())).toEqual({
      kind: 'request',
      sessionId: 's1',
      toolCall,
      options: [allow],
      warning: undefined,
    })
  })

  test('C-56: options of unknown kind, without kind or without name are kept, in order', () => {
    const options = [allow, { optionId: 'b', name: 'B', kind: 'allow_for_project' }, { optionId: 'c' }]
    expect(narrowOptions(options)).toMatchObject({ kind: 'request', options, warning: expect.any(String) as string })
  })

  test('C-77: an option that cannot be chosen is left out, its siblings stay', () => {
    const narrowed = narrowOptions([{ name: 'no id', kind: 'allow_once' }, 'x', null, allow])
    expect(narrowed).toMatchObject({ kind: 'request', options: [allow] })
  })

  test('C-56: no options are no error', () => {
    expect(narrowOptions([])).toMatchObject({ kind: 'request', options: [], warning: undefined })
  })

  test('C-77: an unknown tool kind or content does not refuse the request', () => {
    const call = { toolCallId: 't1', kind: 'teleport', content: [{ type: 'future' }] }
    const narrowed = narrowPermissionRequest(params({ toolCall: call }))
    expect(narrowed).toMatchObject({ kind: 'request', toolCall: call, warning: expect.any(String) as string })
  })

  test.each<JsonObject>([
    {},
    { toolCall, options: [allow] },
    { sessionId: 1, toolCall, options: [allow] },
    { sessionId: 's1', options: [allow] },
    { sessionId: 's1', toolCall: null, options: [allow] },
    { sessionId: 's1', toolCall: { title: 'no id' }, options: [allow] },
    { sessionId: 's1', toolCall },
    { sessionId: 's1', toolCall, options: {} },
    { sessionId: 's1', toolCall, options: null },
  ])('without session, tool call id or list of options it is malformed: %j', (message) => {
    expect(narrowPermissionRequest(message)).toEqual({ kind: 'malformed', reason: expect.any(String) as string })
  })
})
