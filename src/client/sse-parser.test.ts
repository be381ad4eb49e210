import { expect, test } from 'vitest'

import { SseParser } from './sse-parser.ts'

const parse = (...texts: string[]) => {
  const parser = new SseParser()
  return texts.flatMap((text) => parser.push(Buffer.from(text)))
}

test.each([
  ['data: a\n\n', [{ event: 'message', id: undefined, data: 'a' }]],
  ['id: 1\nevent: x\ndata: a\ndata: b\n\n', [{ event: 'x', id: '1', data: 'a\nb' }]],
  ['data:a\r\ndata:  b\r\n\r\n', [{ event: 'message', id: undefined, data: 'a\n b' }]],
  [': comment\n\nretry: 5\n\ndata: a\n\n', [{ event: 'message', id: undefined, data: 'a' }]],
  ['event: x\n\ndata: a\n\n', [{ event: 'message', id: undefined, data: 'a' }]],
  ['data\n\n', [{ event: 'message', id: undefined, data: '' }]],
  ['data: not complete\n', []],
])('%j', (text, frames) => {
  expect(parse(text)).toEqual(frames)
  expect(parse(...text.split(''))).toEqual(frames)
})

test('a character that is cut between two chunks is put together', () => {
  const bytes = Buffer.from('data: é€😀\n\n')
  const parser = new SseParser()
  const frames = [...bytes].flatMap((byte) => parser.push(Buffer.of(byte)))
  expect(frames.map((frame) => frame.data)).toEqual(['é€😀'])
})

test('a frame that never ends is an error, not memory', () => {
  const parser = new SseParser()
  const chunk = Buffer.alloc(8 * 1024 * 1024, 'x')
  const pushAll = (): void => {
    for (let i = 0; i < 9; i++) parser.push(chunk)
  }
  expect(pushAll).toThrow(RangeError)
})
