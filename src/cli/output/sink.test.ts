// An output whose reader is slow holds the writer; one whose reader is gone lets it go.

import { PassThrough, Writable } from 'node:stream'

import { expect, test } from 'vitest'

import { Sink } from './sink.ts'

test('drained waits for a slow reader, and no longer', async () => {
  const stream = new PassThrough({ highWaterMark: 4 })
  const sink = new Sink(stream)
  sink.write('more than four bytes')
  let isDrained = false
  const waiting = sink.drained().then(() => (isDrained = true))
  await new Promise(setImmediate)
  expect(isDrained).toBe(false)
  stream.resume()
  await waiting
  expect(isDrained).toBe(true)
})

test('a reader that is gone is said, releases who waits, and later writes are dropped', async () => {
  const written: string[] = []
  const stream = new Writable({
    highWaterMark: 1,
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      setImmediate(() => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })))
    },
  })
  const sink = new Sink(stream)
  sink.write('first')
  await sink.drained()
  expect(sink.closed.aborted).toBe(true)
  sink.write('second')
  await sink.flushed()
  expect(written).toEqual(['first'])
})
