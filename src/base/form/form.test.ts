// What is a form, and what may be filled into one.

import { describe, expect, test } from 'vitest'

import type { Json, JsonObject } from '../json.ts'
import { contentProblem } from './check-content.ts'
import { FormError, readForm } from './fields.ts'

const form = (properties: JsonObject, required: readonly string[] = []) =>
  readForm({ type: 'object', properties, required: [...required] })

describe('a schema', () => {
  test('of every kind of field is read with what describes it', () => {
    const { fields } = form(
      {
        name: { type: 'string', title: 'Name', maxLength: 5, format: 'email', default: 'a@b' },
        size: { type: 'string', enum: ['s', 'm'], default: 'xl' },
        color: { type: 'string', oneOf: [{ const: 'r', title: 'Red' }] },
        tags: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, maxItems: 1, default: ['a', 'z'] },
        more: { type: 'array', items: { anyOf: [{ const: 'x', title: 'X', description: 'the x' }] } },
        count: { type: 'integer', minimum: 1 },
        ratio: { type: 'number', default: null },
        sure: { type: 'boolean', default: true },
      },
      ['name'],
    )
    expect(fields.map(({ name, kind, isRequired, default: value }) => [name, kind, isRequired, value])).toEqual([
      ['name', 'text', true, 'a@b'],
      ['size', 'choice', false, undefined],
      ['color', 'choice', false, undefined],
      ['tags', 'choices', false, ['a']],
      ['more', 'choices', false, undefined],
      ['count', 'integer', false, undefined],
      ['ratio', 'number', false, undefined],
      ['sure', 'boolean', false, true],
    ])
  })

  test('that says nothing is a form without fields', () => {
    expect(readForm({})).toEqual({ title: undefined, description: undefined, fields: [] })
  })

  test.each<[string, Json]>([
    ['no object', []],
    ['another type', { type: 'array' }],
    ['a nested object', { properties: { a: { type: 'object', properties: {} } } }],
    ['a type that is not known', { properties: { a: { type: '_date' } } }],
    ['a list of anything', { properties: { a: { type: 'array', items: { type: 'string' } } } }],
    ['a list of numbers', { properties: { a: { type: 'array', items: { type: 'number', enum: [1] } } } }],
    ['choices that are no texts', { properties: { a: { type: 'string', enum: [1] } } }],
    ['no choices', { properties: { a: { type: 'string', enum: [] } } }],
    ['a choice without a title', { properties: { a: { type: 'string', oneOf: [{ const: 'x' }] } } }],
    ['a format that is not known', { properties: { a: { type: 'string', format: 'password' } } }],
    ['a length that is no count', { properties: { a: { type: 'string', minLength: -1 } } }],
    ['a required field that is not there', { properties: {}, required: ['a'] }],
    ['more fields than a person fills in', { properties: manyFields(101) }],
  ])('with %s is no form', (_, schema) => {
    expect(() => readForm(schema)).toThrow(FormError)
  })
})

function manyFields(count: number): JsonObject {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, { type: 'boolean' }]))
}

const TEXT = form({ a: { type: 'string', minLength: 2, maxLength: 3 } }, ['a'])
const CHOICES = form({
  a: { type: 'array', items: { type: 'string', enum: ['x', 'y', 'z'] }, minItems: 1, maxItems: 2 },
})
const INTEGER = form({ a: { type: 'integer', minimum: 1, maximum: 9 } })

describe('content', () => {
  test.each<[string, ReturnType<typeof form>, JsonObject]>([
    ['a text of the right length, counted in characters', TEXT, { a: '\u{1F600}\u{1F600}\u{1F600}' }],
    ['choices', CHOICES, { a: ['z', 'x'] }],
    ['a whole number', INTEGER, { a: 9 }],
    ['nothing where nothing is required', INTEGER, {}],
    ['a date', form({ a: { type: 'string', format: 'date' } }), { a: '2024-02-29' }],
    ['a time', form({ a: { type: 'string', format: 'date-time' } }), { a: '2026-01-31T12:00:00.5+02:00' }],
    ['an address', form({ a: { type: 'string', format: 'email' } }), { a: 'me@example.com' }],
    ['a URL', form({ a: { type: 'string', format: 'uri' } }), { a: 'https://example.com/x' }],
    [
      'a text that breaks its pattern, which is not run',
      form({ a: { type: 'string', pattern: '^(a+)+$' } }),
      { a: 'b' },
    ],
  ])('that is %s is taken', (_, asked, content) => {
    expect(contentProblem(asked, content)).toBeUndefined()
  })

  test.each<[string, ReturnType<typeof form>, JsonObject, string]>([
    ['a field that is missing', TEXT, {}, 'is required'],
    ['a field that nobody asked for', TEXT, { b: 1 }, 'is not asked for'],
    ['a text that is too short', TEXT, { a: 'x' }, 'must have at least 2 characters'],
    ['a text that is too long', TEXT, { a: 'xxxx' }, 'must have at most 3 characters'],
    ['no text', TEXT, { a: 1 }, 'must be a text'],
    ['null', TEXT, { a: null }, 'must be a text'],
    ['a choice that is none', form({ a: { type: 'string', enum: ['x'] } }), { a: 'y' }, 'must be one of the choices'],
    ['no list', CHOICES, { a: 'x' }, 'must be a list of choices'],
    ['a list of other things', CHOICES, { a: ['x', 1] }, 'must hold only the choices'],
    ['a choice twice', CHOICES, { a: ['x', 'x'] }, 'must name each choice once'],
    ['too few choices', CHOICES, { a: [] }, 'must have at least 1 choices'],
    ['too many choices', CHOICES, { a: ['x', 'y', 'z'] }, 'must have at most 2 choices'],
    ['a fraction', INTEGER, { a: 1.5 }, 'must be a whole number'],
    ['a number that is too small', INTEGER, { a: 0 }, 'must be at least 1'],
    ['a number that is too large', INTEGER, { a: 10 }, 'must be at most 9'],
    ['a number as a text', INTEGER, { a: '3' }, 'must be a number'],
    ['a yes that is a text', form({ a: { type: 'boolean' } }), { a: 'true' }, 'must be true or false'],
    [
      'a day that is none',
      form({ a: { type: 'string', format: 'date' } }),
      { a: '2026-02-30' },
      'must be a date such as 2026-01-31',
    ],
    ['no address', form({ a: { type: 'string', format: 'email' } }), { a: 'me@' }, 'must be an email address'],
    ['no URL', form({ a: { type: 'string', format: 'uri' } }), { a: '/x' }, 'must be an absolute URL'],
    ['a key that objects have', form({}), JSON.parse('{"__proto__":1}') as JsonObject, 'is not asked for'],
  ])('with %s is refused, and the field is named', (_, asked, content, reason) => {
    expect(contentProblem(asked, content)).toEqual({ field: Object.keys(content)[0] ?? 'a', reason })
  })

  test('of more than 64 Ki characters is refused', () => {
    const asked = form({ a: { type: 'string' } })
    expect(contentProblem(asked, { a: 'x'.repeat(65_530) })).toMatchObject({ field: 'a' })
    // Before each of them is compared with each choice.
    const many = { a: Array.from({ length: 20_000 }, () => 'none') }
    expect(contentProblem(CHOICES, many)).toMatchObject({ reason: 'is too long together with the others' })
  })
})
