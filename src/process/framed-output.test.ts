// stdout of a child as whole lines: told in order, paused and resumed, drained at the exit within bounds.

import { PassThrough } from 'node:stream'

import { expect, test } from 'vitest'

import { decodeLines } from '../base/line-framer.ts'
import { until } from '../../test/_support/until.ts'
import { FramedOutput } from './framed-output.ts'

interface Rig {
  readonly stdout: PassThrough
  readonly output: FramedOutput
  readonly lines: string[]
  readonly ends: string[]
}

function openRig(lineBytesMax = 1_000_000): Rig {
  // The stream itself holds next to nothing, so that what it does not read waits in the test's own writes.
  const stdout = new PassThrough({ highWaterMark: 1 })
  const lines: string[] = []
  const ends: string[] = []
  const output = new FramedOutput(stdout, lineBytesMax, {
    onLines: ({ bytes }) => lines.push(...decodeLines(bytes)),
    onEnd: (why) => ends.push(`${why} after ${lines.length}`),
  })
  return { stdout, output, lines, ends }
}

const settle = (what: string, holds: () => boolean): Promise<void> => until(holds, { ms: 5_000, what: () => what })

test('lines are told as they come, the last one without a terminator too, and then the end, once', async () => {
  const { stdout, output, lines, ends } = openRig()
  stdout.write('one\ntw')
  await settle('the first line', () => lines.length === 1)
  stdout.end('o\nlast')
  await settle('the end', () => ends.length > 0)
  await output.drain()
  expect(lines).toEqual(['one', 'two', 'last'])
  expect(ends).toEqual(['end after 3'])
  expect(stdout.destroyed).toBe(true)
})

test('nothing is read while paused; nothing is lost by it', async () => {
  const { stdout, output, lines } = openRig()
  output.pause()
  for (let i = 0; i < 20; i++) stdout.write(`line ${i}\n`)
  await new Promise((resolve) => setImmediate(resolve))
  expect(lines).toEqual([])
  output.resume()
  await settle('all lines', () => lines.length === 20)
  expect(lines[19]).toBe('line 19')
})

test('at the exit what is still in the pipe is read although the output is paused, and pausing no longer counts', async () => {
  const { stdout, output, lines, ends } = openRig()
  output.pause()
  for (let i = 0; i < 500; i++) stdout.write(`line ${i}\n`)
  stdout.end()
  const drained = output.drain()
  output.pause()
  await drained
  expect(lines).toHaveLength(500)
  expect(ends).toEqual(['end after 500'])
})

test('a pipe that somebody else holds is given up 250 ms after the exit, and a second drain is the same', async () => {
  const { stdout, output, lines, ends } = openRig()
  stdout.write('one\n')
  const startedAt = performance.now()
  await Promise.all([output.drain(), output.drain()])
  expect(performance.now() - startedAt).toBeGreaterThan(200)
  expect(stdout.destroyed).toBe(true)
  expect(lines).toEqual(['one'])
  await output.drain()
  expect(ends).toEqual(['end after 1'])
})

test('a pipe that somebody else floods after the exit is given up at 8 MiB', async () => {
  const { stdout, output, lines } = openRig()
  const chunk = Buffer.from(`${'x'.repeat(99_999)}\n`)
  const flood = (): void => {
    if (!stdout.destroyed) stdout.write(chunk, () => setImmediate(flood))
  }
  flood()
  await output.drain()
  expect(lines.length).toBeLessThanOrEqual(90)
})

test('a line that is too long is told once, after the lines before it; nothing follows', async () => {
  const { stdout, output, lines, ends } = openRig(20)
  stdout.write(`a\nb\n${'x'.repeat(21)}\nc\n`)
  await settle('the end', () => ends.length > 0)
  stdout.write('d\n')
  output.resume()
  await output.drain()
  expect(lines).toEqual(['a', 'b'])
  expect(ends).toEqual(['tooLong after 2'])
  expect(stdout.destroyed).toBe(true)
})
