// What waits for an editor over HTTP is bounded, in order, and there again for a reader that comes back.

import { PassThrough } from 'node:stream'
import type { ServerResponse } from 'node:http'

import { describe, expect, test } from 'vitest'

import { OutboundStream } from './outbound-stream.ts'

const LIMITS = { highBytes: 100, bytesMax: 400, keptBytes: 200 }

/** A reader that takes everything it is given, as `n:line`. */
function reader(highWaterMark = 10_000) {
  const stream = new PassThrough({ highWaterMark })
  let text = ''
  const read = (): string[] => {
    text += (stream.read() as Buffer | null)?.toString() ?? ''
    return [...text.matchAll(/^id: (\d+)\ndata: (.*)$/gm)].map(([, id, data]) => `${id}:${data}`)
  }
  return { response: stream as unknown as ServerResponse, read, leave: () => stream.destroy() }
}

const opened = () => new OutboundStream(LIMITS, () => {})

describe('one stream to an editor', () => {
  test('what was said before anybody read comes first, in order, and once', () => {
    const stream = opened()
    stream.push('a')
    const one = reader()
    stream.open(one.response, undefined)
    stream.push('b')
    expect(one.read()).toEqual(['1:a', '2:b'])
  })

  test('a reader that comes back goes on after what it has; what it cannot know is refused', async () => {
    const stream = opened()
    const one = reader()
    stream.open(one.response, undefined)
    for (const line of ['a', 'b', 'c']) stream.push(line)
    const gone = new Promise((resolve) => one.response.once('close', resolve))
    one.leave()
    await gone
    expect([stream.hasReader, stream.hasAfter(1), stream.hasAfter(4)]).toEqual([false, true, false])
    stream.push('d')
    const two = reader()
    stream.open(two.response, 1)
    expect(two.read()).toEqual(['2:b', '3:c', '4:d'])
  })

  test('what was sent is forgotten beyond its bound, and nobody is given a gap', () => {
    const stream = opened()
    stream.open(reader().response, undefined)
    for (let n = 0; n < 20; n++) stream.push('x'.repeat(20))
    expect([stream.hasAfter(1), stream.hasAfter(20)]).toEqual([false, true])
  })

  test('what nobody reads fills it up; a reader that takes it makes room, one that does not leaves it full', () => {
    const stream = opened()
    stream.push('x'.repeat(150))
    expect([stream.isFull, stream.isOverfull]).toEqual([true, false])
    stream.push('x'.repeat(300))
    expect(stream.isOverfull).toBe(true)
    const taking = reader()
    stream.open(taking.response, undefined)
    taking.read()
    expect(stream.isFull).toBe(false)
  })
})
