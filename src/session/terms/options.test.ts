import { assert, constantFrom, dictionary, option as nullable, property, record, string } from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { JsonObject } from '../../base/json.ts'
import { mergeOptions, readOptionsPatch, wantedOptions, withOption } from './options.ts'

describe('what a patch may say', () => {
  test.each<[JsonObject, object]>([
    [
      { mode: 'code', model: null },
      { mode: 'code', model: null },
    ],
    [{ effort: 'high' }, { thinking: 'high' }],
    [{ thought_level: 'low' }, { thinking: 'low' }],
    [{ reasoning_effort: 'low' }, { thinking: 'low' }],
    [{ timeout: 1.4 }, { turnTimeoutSeconds: 1 }],
    [{ timeout_seconds: 86_400 }, { turnTimeoutSeconds: 86_400 }],
    [{ config: { 'a.b:c-d_1': true, x: 'y', z: null } }, { config: { 'a.b:c-d_1': true, x: 'y', z: null } }],
  ])('%j is read as %j', (given, patch) => {
    expect(readOptionsPatch(given)).toEqual(patch)
  })

  test.each<[JsonObject, string, object]>([
    [{ modl: 'x' }, 'OPTION_UNKNOWN', { option: 'modl', suggestion: 'mode' }],
    [{ permission_profile: 'x' }, 'OPTION_UNKNOWN', { suggestion: null }],
    [{ mode: 'x'.repeat(65) }, 'OPTION_INVALID', { option: 'mode' }],
    [{ model: 'x'.repeat(201) }, 'OPTION_INVALID', { option: 'model' }],
    [{ thinking: 'x'.repeat(33) }, 'OPTION_INVALID', { option: 'thinking' }],
    [{ mode: '' }, 'OPTION_INVALID', { option: 'mode' }],
    [{ mode: 'a\u0007' }, 'OPTION_INVALID', { option: 'mode' }],
    [{ mode: 'a\u007F' }, 'OPTION_INVALID', { option: 'mode' }],
    [{ mode: 1 }, 'OPTION_INVALID', { option: 'mode' }],
    [{ timeout: 0 }, 'OPTION_INVALID', { option: 'timeout' }],
    [{ timeout: 86_401 }, 'OPTION_INVALID', { option: 'timeout' }],
    [{ timeout: '60' }, 'OPTION_INVALID', { option: 'timeout' }],
    [{ thinking: 'a', effort: 'b' }, 'OPTION_INVALID', { option: 'effort' }],
    [{ config: [] }, 'OPTION_INVALID', { option: 'config' }],
    [{ config: { '-x': 'y' } }, 'OPTION_INVALID', { option: 'config.-x' }],
    [{ config: { x: 1 } }, 'OPTION_INVALID', { option: 'config.x' }],
    [{ config: { x: 'y'.repeat(513) } }, 'OPTION_INVALID', { option: 'config.x' }],
  ])('%j is refused with %s', (given, code, details) => {
    expect(() => readOptionsPatch(given)).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining(details) }),
    )
  })
})

describe('what becomes of the options', () => {
  test('null clears, an entry of config alone too, and what is not named stays', () => {
    const options = { mode: 'code', model: 'big', config: { a: true, b: 'x' } }
    expect(mergeOptions(options, { mode: null, config: { a: null } })).toEqual({ model: 'big', config: { b: 'x' } })
    expect(mergeOptions(options, { config: null })).toEqual({ mode: 'code', model: 'big' })
  })

  test('there are at most 32 config options, however they came to be', () => {
    const ids = Array.from({ length: 32 }, (_, index) => [`o${index}`, true])
    const full = { config: Object.fromEntries(ids) as Record<string, boolean> }
    expect(() => mergeOptions(full, { config: { more: true } })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
    expect(mergeOptions(full, { config: { more: true, o1: null } }).config).not.toHaveProperty('o1')
  })

  test('the model is asked for first, and what was taken one by one is what was wanted', () => {
    const patch = { config: { x: 'y' }, thinking: 'high', mode: 'code', model: 'big', turnTimeoutSeconds: 5 }
    const wanted = wantedOptions(patch)
    expect(wanted.map(({ option }) => option)).toEqual(['model', 'mode', 'thinking', 'config.x'])
    const { turnTimeoutSeconds: _, ...ofAgent } = patch
    expect(wanted.reduce(withOption, {})).toEqual(ofAgent)
  })

  test('a patch is idempotent: to merge it twice is to merge it once', () => {
    const value = nullable(string({ minLength: 1, maxLength: 8 }), { nil: null })
    const patches = record({
      mode: value,
      model: value,
      config: dictionary(constantFrom('a', 'b', 'c'), value),
    })
    assert(
      property(patches, patches, (first, second) => {
        const once = mergeOptions(mergeOptions({}, first), second)
        expect(mergeOptions(once, second)).toEqual(once)
      }),
    )
  })
})
