// What goes to the agent as `_meta` of a prompt over the API.

import { expect, test } from 'vitest'

import { META_CHARS_MAX } from '../session/service.ts'
import { promptMeta } from './prompt-meta.ts'

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test.each([
  [{}, {}, undefined],
  [{ meta: { a: { b: [1] } } }, {}, { a: { b: [1] } }],
  [
    {},
    { traceparent: TRACEPARENT, tracestate: 'x=1', baggage: 'k=v' },
    { traceparent: TRACEPARENT, tracestate: 'x=1', baggage: 'k=v' },
  ],
  [{ meta: { traceparent: 'own' } }, { traceparent: TRACEPARENT }, { traceparent: 'own' }],
  [{}, { traceparent: 'no trace', tracestate: 'x=1', baggage: 'k=v' }, { baggage: 'k=v' }],
  [{}, { traceparent: TRACEPARENT, baggage: 'x'.repeat(5_000) }, { traceparent: TRACEPARENT }],
])('%j with headers %j', (body, headers, expected) => {
  const text = promptMeta(body, headers)
  expect(text === undefined ? undefined : JSON.parse(text)).toEqual(expected)
})

test('what is too large is refused', () => {
  expect(() => promptMeta({ meta: { a: 'x'.repeat(META_CHARS_MAX) } }, {})).toThrow('body/meta has more than')
})
