// stdout as lines: numbering, order, batches, backpressure, and what is told at the end.

import { PassThrough } from 'node:stream'

import { describe, expect, test } from 'vitest'

import { pause } from '../base/deadline.ts'
import { LineOutput } from './line-output.ts'

interface Rig {
  readonly stdout: PassThrough
  readonly output: LineOutput
  readonly events: string[]
  readonly batches: number[]
  readonly lines: string[]
}

function listen({ output, events, batches, lines }: Rig, onBatch: (last: number) => void = () => {}): void {
  output.listen({
    onLines: ({ first, lines: got }) => {
      expect(first).toBe(lines.length + 1)
      lines.push(...got)
      batches.push(got.length)
      events.push('lines')
      onBatch(first + got.length - 1)
    },
    onOutputEnd: () => events.push('end'),
    onLineTooLong: () => events.push('tooLong'),
  })
}

function openRig(limits: { lineBytesMax?: number; unackedLinesMax?: number; unackedBytesMax?: number } = {}): Rig {
  // The stream itself holds next to nothing, so that what it does not read waits in the test's own writes.
  const stdout = new PassThrough({ highWaterMark: 1 })
  const output = new LineOutput(stdout, { lineBytesMax: 1_000_000, ...limits })
  return { stdout, output, events: [], batches: [], lines: [] }
}

async function settle(probe: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !probe(); i++) await pause(5)
  expect(probe()).toBe(true)
}

function text(from: number, to: number): string {
  let all = ''
  for (let i = from; i <= to; i++) all += `line ${i}\n`
  return all
}

describe('line output', () => {
  test('a burst comes in batches of at most 128, in order, one batch a turn of the loop', async () => {
    const rig = openRig()
    let turns = 0
    const turnOfBatch: number[] = []
    const count = (): void => void (turns++, turns < 100 && setImmediate(count))
    listen(rig, () => turnOfBatch.push(turns))
    count()
    rig.stdout.write(text(1, 1_000))
    await settle(() => rig.lines.length === 1_000)
    expect(rig.batches).toEqual([128, 128, 128, 128, 128, 128, 128, 104])
    expect(new Set(turnOfBatch).size).toBe(8)
    expect(rig.lines[999]).toBe('line 1000')
  })

  test('lines from before there was a listener are delivered, never from inside listen', async () => {
    const rig = openRig()
    rig.stdout.write('one\ntwo\n')
    await pause(10)
    listen(rig)
    expect(rig.lines).toEqual([])
    await settle(() => rig.lines.length === 2)
  })

  test('reading pauses while too many lines are not acknowledged, and goes on when they are', async () => {
    const rig = openRig({ unackedLinesMax: 10 })
    listen(rig)
    for (let i = 0; i < 50; i++) rig.stdout.write(`line ${i}\n`)
    await settle(() => rig.stdout.isPaused())
    await pause(20)
    expect(rig.lines).toHaveLength(11)
    rig.output.acknowledge(5)
    await settle(() => rig.stdout.isPaused() && rig.lines.length === 16)
    rig.output.acknowledge(1_000)
    await settle(() => rig.lines.length === 27)
    rig.output.acknowledge(27)
    rig.output.acknowledge(27)
    await settle(() => rig.lines.length === 38)
  })

  test('reading pauses by bytes too, and without a listener', async () => {
    const rig = openRig({ unackedBytesMax: 1_000 })
    for (let i = 0; i < 20; i++) rig.stdout.write(`${'x'.repeat(299)}\n`)
    await settle(() => rig.stdout.isPaused())
    listen(rig)
    await pause(20)
    expect(rig.lines).toHaveLength(4)
    rig.output.acknowledge(4)
    await settle(() => rig.lines.length === 8)
  })

  test('the end of the output is told after the last line, if the process lives on', async () => {
    const rig = openRig()
    listen(rig)
    rig.stdout.end('one\nlast without terminator')
    await settle(() => rig.events.includes('end'))
    expect(rig.lines).toEqual(['one', 'last without terminator'])
    expect(rig.events).toEqual(['lines', 'end'])
  })

  test('at an exit the exit is what is told, after every line', async () => {
    const rig = openRig({ unackedLinesMax: 10 })
    listen(rig)
    rig.stdout.end(text(1, 500))
    await rig.output.drain()
    rig.output.afterLines(() => rig.events.push('exit'))
    await settle(() => rig.events.includes('exit'))
    await pause(80)
    expect(rig.lines).toHaveLength(500)
    expect(rig.events.at(-1)).toBe('exit')
    expect(rig.events).not.toContain('end')
  })

  test('a pipe that somebody else holds is given up 250 ms after the exit', async () => {
    const rig = openRig()
    listen(rig)
    rig.stdout.write('one\n')
    const startedAt = performance.now()
    await rig.output.drain()
    expect(performance.now() - startedAt).toBeGreaterThan(200)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(rig.stdout.destroyed).toBe(true)
    expect(rig.lines).toEqual(['one'])
    await rig.output.drain()
  })

  test('a pipe that somebody else floods after the exit is given up at a bound', async () => {
    const rig = openRig()
    const chunk = Buffer.from(`${'x'.repeat(99_999)}\n`)
    const flood = (): void => {
      if (!rig.stdout.destroyed) rig.stdout.write(chunk, () => setImmediate(flood))
    }
    flood()
    await rig.output.drain()
    listen(rig)
    rig.output.afterLines(() => rig.events.push('exit'))
    await settle(() => rig.events.includes('exit'))
    expect(rig.lines.length).toBeLessThanOrEqual(100)
  })

  test('a line that is too long is told once, after the lines before it; nothing follows', async () => {
    const rig = openRig({ lineBytesMax: 20 })
    listen(rig)
    rig.stdout.write(`a\nb\n${'x'.repeat(21)}\nc\n`)
    await settle(() => rig.events.includes('tooLong'))
    rig.stdout.write('d\n')
    await rig.output.drain()
    await pause(80)
    expect(rig.lines).toEqual(['a', 'b'])
    expect(rig.events).toEqual(['lines', 'tooLong'])
  })
})
