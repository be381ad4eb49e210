// stdin lines: plain writes, contained errors, and a bound on what a deaf process may cost.

import { Writable } from 'node:stream'

import { describe, expect, test } from 'vitest'

import type { Clock } from '../base/clock.ts'
import { LineInput, type InputLoss } from './line-input.ts'

interface Fired {
  atMs: number
  fire: () => void
}

function createClock(): { clock: Clock; timers: Set<Fired>; advance: (ms: number) => void } {
  let now = 1_000
  const timers = new Set<Fired>()
  const at: Clock['at'] = (atMs, fire) => {
    const timer = { atMs, fire }
    timers.add(timer)
    const cancel = (): void => void timers.delete(timer)
    return { cancel, [Symbol.dispose]: cancel }
  }
  const advance = (ms: number): void => {
    now += ms
    for (const timer of timers) if (timer.atMs <= now && timers.delete(timer)) timer.fire()
  }
  return { clock: { now: () => now, at }, timers, advance }
}

/** Takes nothing until `read` is called. */
function createDeaf(): { stdin: Writable; read: () => void; taken: string[] } {
  const taken: string[] = []
  let pending: (() => void) | undefined
  let isReading = false
  const stdin = new Writable({
    decodeStrings: false,
    write: (chunk: string, _, done) => {
      taken.push(chunk)
      if (isReading) done()
      else pending = done
    },
  })
  const read = (): void => {
    isReading = true
    pending?.()
  }
  return { stdin, read, taken }
}

function openRig(): ReturnType<typeof createDeaf> &
  ReturnType<typeof createClock> & { input: LineInput; losses: InputLoss[] } {
  const deaf = createDeaf()
  const time = createClock()
  const losses: InputLoss[] = []
  const input = new LineInput(deaf.stdin, { clock: time.clock, onInputLost: (why) => losses.push(why) })
  return { ...deaf, ...time, input, losses }
}

const BIG = 'x'.repeat(700_000)

describe('line input', () => {
  test('lines go out in order, each with its terminator, and the end comes after them', async () => {
    const { stdin, read, taken, input } = openRig()
    read()
    input.send('one')
    input.send('two')
    input.end()
    input.end()
    await new Promise((resolve) => stdin.once('finish', resolve))
    input.send('late')
    expect(taken).toEqual(['one\n', 'two\n'])
  })

  test('more than 1 MiB that waits for 30 s is a stall, told once', () => {
    const { input, losses, advance } = openRig()
    input.send(BIG)
    advance(60_000)
    expect(losses).toEqual([])
    input.send(BIG)
    advance(29_000)
    input.send(BIG)
    expect(losses).toEqual([])
    advance(1_000)
    expect(losses).toHaveLength(1)
    input.send(BIG)
    advance(60_000)
    expect(losses).toHaveLength(1)
  })

  test('a process that reads in time is no stall, and leaves no timer', async () => {
    const { stdin, input, losses, advance, read, timers } = openRig()
    input.send(BIG)
    input.send(BIG)
    expect(timers.size).toBe(1)
    const drained = new Promise((resolve) => stdin.once('drain', resolve))
    read()
    await drained
    expect(timers.size).toBe(0)
    advance(60_000)
    expect(losses).toEqual([])
  })

  test('far too much is a stall at once, and nothing more is kept', () => {
    const { stdin, input, losses } = openRig()
    for (let i = 0; i < 200; i++) input.send(BIG)
    expect(losses).toHaveLength(1)
    expect(stdin.writableLength).toBeLessThan(66 * 1024 * 1024)
  })

  test('X-32 a broken pipe is contained and told once; later lines are dropped', async () => {
    const { stdin, input, timers, losses } = openRig()
    input.send(BIG)
    input.send(BIG)
    const closed = new Promise((resolve) => stdin.once('close', resolve))
    stdin.destroy(Object.assign(new Error('broken'), { code: 'EPIPE' }))
    await closed
    input.send('late')
    input.end()
    expect(timers.size).toBe(0)
    expect(losses).toEqual(['closed'])
  })

  test('an end that was asked for is no loss', async () => {
    for (const end of ['end', 'destroy'] as const) {
      const { stdin, read, input, losses } = openRig()
      read()
      const closed = new Promise((resolve) => stdin.once('close', resolve))
      input[end]()
      await closed
      expect(losses).toEqual([])
    }
  })
})
