// What is typed, as values of a form.

import { expect, test } from 'vitest'

import { readForm } from '../../base/form/fields.ts'
import type { JsonObject } from '../../base/json.ts'
import { contentOf, readValue } from './form-values.ts'

const PROPERTIES: JsonObject = {
  name: { type: 'string', minLength: 2 },
  size: {
    type: 'string',
    oneOf: [
      { const: 's', title: 'Small' },
      { const: '1', title: 'Large' },
    ],
    default: 's',
  },
  tags: { type: 'array', items: { type: 'string', enum: ['a', 'b', 'c, d'] } },
  count: { type: 'integer' },
  sure: { type: 'boolean' },
}
const FORM = readForm({ properties: PROPERTIES, required: ['name'] })
const field = (name: string) => FORM.fields.find((one) => one.name === name)!

test.each([
  ['name', '  x ', '  x '],
  ['size', 's', 's'],
  ['size', 'small', 's'],
  ['size', '1', '1'],
  ['size', '2', '1'],
  ['tags', 'a, b', ['a', 'b']],
  ['tags', '3', ['c, d']],
  ['tags', 'c, d', ['c, d']],
  ['tags', '', []],
  ['count', ' 3 ', 3],
  ['sure', 'Yes', true],
  ['sure', 'n', false],
])('%s: %j is %j', (name, text, value) => {
  expect(readValue(field(name), text)).toEqual({ value })
})

test.each([
  ['name', 'x'],
  ['size', '3'],
  ['tags', 'a,z'],
  ['count', ''],
  ['count', '1.5'],
  ['sure', 'maybe'],
])('%s: %j is wrong, and it is said how', (name, text) => {
  expect(readValue(field(name), text)).toEqual({ problem: expect.stringMatching(/^must /) as string })
})

test('a yes or no is asked for in those words', () => {
  expect(readValue(field('sure'), 'maybe')).toEqual({ problem: 'must be yes or no' })
})

test('settings are values by name; defaults fill the rest', () => {
  const set = ['name=first', 'name=a=b', 'tags=a', 'tags=c, d', 'sure=false']
  expect(contentOf(FORM, set)).toEqual({ name: 'a=b', size: 's', tags: ['a', 'c, d'], sure: false })
})

test.each([
  [[], 'Field name is required.'],
  [['name=xx', 'other=1'], 'No field fits --set other=1.'],
  [['name=xx', 'count=many'], 'Field count must be a number.'],
])('settings %j are a mistake in usage', (set, message) => {
  expect(() => contentOf(FORM, set)).toThrow(message)
})
