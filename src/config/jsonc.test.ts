import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readJsonc } from './jsonc.ts'

const parseJsonc = (text: string): unknown => readJsonc(text).value

describe('JSON with comments', () => {
  test.each([
    ['// a\n{ "a": 1 } // b', { a: 1 }],
    ['{ /* a */ "a" /* b */ : /* c\n d */ 1 /**/ }', { a: 1 }],
    ['{ "a": [1, 2, ], }', { a: [1, 2] }],
    ['{ "a": [1, // one\n 2, /* two */ ], /* end */ }', { a: [1, 2] }],
    ['{ "url": "http://x/*y*/,]}", "b": "\\"// no" }', { url: 'http://x/*y*/,]}', b: '"// no' }],
    ['\uFEFF{ "a": 1 }', { a: 1 }],
    ['{ "a": "," , "b": "}" }', { a: ',', b: '}' }],
    ['[]', []],
    ['["\u007f\u0085\u2028"]', ['\u007f\u0085\u2028']],
  ])('%j is read', (text, value) => {
    expect(parseJsonc(text)).toEqual(value)
  })

  test.each([
    '{ "a": 1 /* never ends',
    '[,]',
    '{,}',
    '[1,,]',
    '{ "a": , }',
    '{ a: 1 }',
    "{ 'a': 1 }",
    '// only',
    '',
    '[1] /* */ 2',
    '/*/ 1',
  ])('%j is refused', (text) => {
    expect(() => parseJsonc(text)).toThrow(SyntaxError)
  })

  test.each([
    ['// one\n/* two\n three */\n{ "a": oops }', 'line 4 column 8: a value is expected'],
    ['{\n  "a": 1, /* x', 'line 2 column 11: this comment has no end'],
    ['{ "a": 1, "a": 2 }', 'line 1 column 11: this key is there twice'],
    ['{ "a": "secret\n" }', 'line 1 column 8: a text that is closed on its line, with valid escapes, is expected'],
    ['{ "a": "a\tb" }', 'line 1 column 8: a text that is closed on its line, with valid escapes, is expected'],
    ['{ "a": "\\x" }', 'line 1 column 8: a text that is closed on its line, with valid escapes, is expected'],
    ['{ "a" 1 }', 'line 1 column 7: a colon is expected'],
    ['{ "a": 1 "b": 2 }', 'line 1 column 10: a comma or } is expected'],
    ['{ "a": 01 }', 'line 1 column 8: a value is expected'],
    ['{ "a": ', 'line 1 column 8: a value is expected'],
    ['[1] 2', 'line 1 column 5: the end of the file is expected'],
    ['['.repeat(100), 'line 1 column 66: it is nested too deep'],
  ])('what is wrong in %j is named with its place, and never quoted', (text, message) => {
    expect(() => parseJsonc(text)).toThrow(message)
  })

  test('each key has its place; one that is missing has that of what it should be in', () => {
    const { placeOf } = readJsonc('{\n  // first\n  "a": { "b.c": 1,\n    "d": [{ "e": 2 }] },\n  "f": {} }')
    const places = ['a', 'a.b.c', 'a.d', 'a.d.x', 'f.g.h', 'f', 'nothing'].map((key) => placeOf(key))
    const texts = places.map((place) => (place === undefined ? '' : `${place.line}:${place.column}`))
    expect(texts).toEqual(['3:3', '3:10', '4:5', '4:5', '5:3', '5:3', ''])
  })

  test('a key that names the prototype is a key like any other', () => {
    const value = parseJsonc('{ "__proto__": { "a": 1 } }')
    expect([Object.keys(value as object), Object.getPrototypeOf(value)]).toEqual([['__proto__'], Object.prototype])
  })

  test('any JSON is read as JSON reads it, also with comments and commas around its parts', () => {
    const noise = fc.constantFrom('', ' ', '/* " ] } , */', '// " ] }\n', '/***/')
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(noise, { minLength: 1, maxLength: 5 }), (value, noises) => {
        const text = JSON.stringify(value, null, 1)
        let next = 0
        // Only outside of strings is there a line break: JSON escapes those inside.
        const noisy = text
          .replace(/\n/g, () => `${noises[next++ % noises.length]}\n`)
          .replace(/([^[{\s])\n(\s*)([\]}])/g, '$1,\n$2$3')
        expect(parseJsonc(text)).toEqual(JSON.parse(text))
        expect(parseJsonc(noisy)).toEqual(JSON.parse(text))
      }),
    )
  })
})
