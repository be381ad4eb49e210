// The text of an update that is taken out of its line is the update that was parsed, or there is none.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { JsonObject } from '../base/json.ts'
import { decodeMessage } from './decode-message.ts'
import { UpdateTexts } from './update-text.ts'

function textIn(line: string): { text: string | undefined; update: unknown } {
  const message = decodeMessage(line, 1_000)
  if (message.kind !== 'notification') throw new Error(`a ${message.kind}`)
  return { text: new UpdateTexts().textOf({ ...message, raw: line }), update: message.params['update'] }
}

function lineOf(update: string, sessionId = '"s"'): string {
  return `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":${sessionId},"update":${update}}}`
}

test('C-79 what an agent wrote of an update is kept to the byte: numbers, spaces, order', () => {
  const update = '{"sessionUpdate":"x", "_meta":{"b":1.0,"a":12345678901234567890,"é":"\u2028{\\"update\\"}"}}'
  expect(textIn(lineOf(update)).text).toBe(update)
})

test('one reader serves several sessions', () => {
  const texts = new UpdateTexts()
  for (const id of ['a', 'b"\\', 'a']) {
    const raw = lineOf('{"sessionUpdate":"x"}', JSON.stringify(id))
    const message = decodeMessage(raw, 10)
    expect(message.kind === 'notification' && texts.textOf({ ...message, raw })).toBe('{"sessionUpdate":"x"}')
  }
})

describe('nothing is given where the text may not be the update', () => {
  const real = '{"sessionUpdate":"x"}'
  test.each([
    ['a second update', `{"a":1},"update":${real}`],
    ['a second update whose name has escapes', `{"a":1},"\\u0075pdate":${real}`],
    ['second params', `{"a":1}},"params":{"sessionId":"s","update":${real}`],
    ['second params whose name has escapes', `{"a":1}},"p\\u0061rams":{"sessionId":"s","update":${real}`],
    ['a second version, which may be anything', `${real}},"jsonrpc":{"a":{}`],
    ['a further member of the params', `${real},"_meta":{}`],
    ['a further member of the message', `${real}},"more":{"a":{}`],
    ['a carriage return between tokens', '{"sessionUpdate":\r"x"}'],
    ['spaces after it', `${real} `],
  ])('%s', (_, update) => {
    expect(textIn(lineOf(update)).text).toBeUndefined()
  })

  test.each([
    ['another order', '{"method":"session/update","jsonrpc":"2.0","params":{"sessionId":"s","update":{}}}'],
    ['spaces', '{"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s", "update": {}}}'],
    ['no version', '{"method":"session/update","params":{"sessionId":"s","update":{}}}'],
  ])('%s', (_, line) => {
    expect(textIn(line).text).toBeUndefined()
  })
})

test('whatever stands in the line: the text says what was parsed', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '"update":',
      '"params":',
      '},"jsonrpc":{',
      '"sessionId":"s"',
      '{',
      '}',
      '}}',
      ',',
      '"a":1',
      '\\u',
      '"',
      '\r',
      ' ',
      '"\\u0075pdate":',
    ),
    fc.json(),
  )
  let given = 0
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const line = lineOf(`{"a":1${pieces.join('')}}`)
      const message = decodeMessage(line, 1_000)
      if (message.kind !== 'notification') return
      const text = new UpdateTexts().textOf({ ...message, raw: line })
      if (text === undefined) return
      given++
      expect(JSON.parse(text) as JsonObject).toEqual(message.params['update'])
    }),
    { numRuns: 20_000 },
  )
  expect(given).toBeGreaterThan(0)
})
