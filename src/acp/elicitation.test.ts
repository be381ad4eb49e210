// What counts as a question of an agent.

import { expect, test } from 'vitest'

import type { JsonObject } from '../base/json.ts'
import { elicitationResult, narrowElicitation } from './elicitation.ts'

const FORM: JsonObject = { sessionId: 's', mode: 'form', message: 'm', requestedSchema: { properties: {} } }
const LINK: JsonObject = {
  sessionId: 's',
  mode: 'url',
  message: 'm',
  url: 'https://a.example/x?y=1',
  elicitationId: 'e',
}

test('a form and a URL are taken as they came', () => {
  expect(narrowElicitation({ ...FORM, toolCallId: 't', _meta: {} })).toEqual({
    kind: 'request',
    scope: { kind: 'session', sessionId: 's' },
    elicitation: { mode: 'form', message: 'm', toolCallId: 't', requestedSchema: { properties: {} } },
  })
  expect(narrowElicitation(LINK)).toMatchObject({ elicitation: { url: 'https://a.example/x?y=1', elicitationId: 'e' } })
})

test.each([0, 'r', null])('C-66 one for the request %j is for no session', (requestId) => {
  const { sessionId: _, ...rest } = FORM
  expect(narrowElicitation({ ...rest, requestId })).toMatchObject({ scope: { kind: 'request', requestId } })
})

test.each<[string, JsonObject]>([
  ['both scopes', { ...FORM, requestId: 1 }],
  ['no scope', { ...FORM, sessionId: null }],
  ['a session that is no text', { ...FORM, sessionId: 1 }],
  ['no message', { ...FORM, message: null }],
  ['a message without end', { ...FORM, message: 'x'.repeat(10_001) }],
  ['C-60 a mode that was not advertised', { ...FORM, mode: '_voice' }],
  ['no mode', { sessionId: 's', message: 'm', requestedSchema: {} }],
  ['no schema', { ...FORM, requestedSchema: null }],
  ['a schema that is no flat form', { ...FORM, requestedSchema: { properties: { a: { type: 'object' } } } }],
  ['a schema without end', { ...FORM, requestedSchema: { description: 'x'.repeat(65_536) } }],
  ['a URL without a name', { ...LINK, elicitationId: '' }],
  ['a relative URL', { ...LINK, url: '/login' }],
  ['another scheme', { ...LINK, url: 'javascript:alert(1)' }],
  ['a file', { ...LINK, url: 'file:///etc/passwd' }],
  ['C-67 a URL with characters that cannot be seen', { ...LINK, url: 'https://a.example/\u202Egpj.exe' }],
  ['C-67 a URL that is too long to be shown', { ...LINK, url: `https://a.example/${'x'.repeat(4_096)}` }],
])('%s is refused with a reason', (_, params) => {
  const narrowed = narrowElicitation(params)
  expect(narrowed).toMatchObject({ kind: 'malformed' })
  expect(narrowed.kind === 'malformed' && narrowed.reason).not.toContain('xxx')
})

test('a schema without end is refused before anything in it is looked at', () => {
  const requestedSchema = { properties: { a: {} }, required: Array.from({ length: 20_000 }, () => 'a') }
  expect(narrowElicitation({ ...FORM, requestedSchema })).toEqual({
    kind: 'malformed',
    reason: 'requestedSchema is too large',
  })
})

test('content counts only for accept', () => {
  expect(elicitationResult({ action: 'accept', content: { a: 1 } })).toEqual({ action: 'accept', content: { a: 1 } })
  expect(elicitationResult({ action: 'accept', content: undefined })).toEqual({ action: 'accept' })
  expect(elicitationResult({ action: 'decline' })).toEqual({ action: 'decline' })
})
