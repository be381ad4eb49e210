// Members of JSON texts, as they are written.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { memberText, membersOf, objectText } from './json-text.ts'

test('C-79 numbers, escapes and the order of names stay as they are written; only spaces between tokens go', () => {
  const text =
    ' { "b" : 1.0 , "10":-0, "2": [ 12345678901234567890 , "a b\\" }\\u0041\\/" ],"x":{ "y" : 1e400, "z":null } } '
  expect(membersOf(text)).toEqual([
    ['b', '1.0'],
    ['10', '-0'],
    ['2', '[12345678901234567890,"a b\\" }\\u0041\\/"]'],
    ['x', '{"y":1e400,"z":null}'],
  ])
  expect(memberText(text, 'x', 'y')).toBe('1e400')
})

test('what is not there is undefined; of two members the last one counts, under any spelling of its name', () => {
  expect(memberText('{"a":{"b":1}}', 'a', 'c')).toBeUndefined()
  expect(memberText('{"a":[1]}', 'a', '0')).toBeUndefined()
  expect(memberText('{"a":1,"\\u0061":2}', 'a')).toBe('2')
  expect(membersOf('{}')).toEqual([])
})

test('any object, however it is spaced, is made again of its members', () => {
  const spaced = fc.tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 1, '\t'))
  fc.assert(
    fc.property(spaced, ([object, spaces]) => {
      const text = JSON.stringify(object, null, spaces)
      expect(objectText(membersOf(text))).toBe(JSON.stringify(object))
      for (const [name, value] of Object.entries(object)) {
        if (name !== '__proto__') expect(memberText(text, name)).toBe(JSON.stringify(value))
      }
    }),
    { numRuns: 500 },
  )
})
