// One held process: what its reader is told and when, with and without a reader, within the window, at the cap and at the end.

import { existsSync, mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { decodeLines } from '../../base/line-framer.ts'
import { OPEN_GROUND } from '../../process/enclosure.ts'
import { manualClock, type ManualClock } from '../../../test/_support/manual-clock.ts'
import { createScriptedChild, type ScriptedChild } from '../../../test/_support/scripted-child.ts'
import { until } from '../../../test/_support/until.ts'
import { HeldProcess, OUTPUT_LIMITS, type OutputLimits } from './held-process.ts'
import type { HeldReader } from '../holder.ts'

let directory: string
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'hf-held-'))))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

interface Rig {
  readonly child: ScriptedChild
  readonly held: HeldProcess
  readonly clock: ManualClock
  readonly spoolPath: string
  /** Writes the lines `n <from>` … `n <to>`, each as a chunk of its own. */
  write(from: number, to: number): void
}

function openRig(limits: Partial<OutputLimits> = {}, { lineBytesMax = 1_000, isDeaf = false } = {}): Rig {
  const child = createScriptedChild({ isDeaf })
  const clock = manualClock()
  const spoolPath = join(directory, '1.lines')
  const order = { leaseId: 1, sessionId: 'ses', generation: 1, agent: 'a', argv: ['a'] as const, env: {}, cwd: '/' }
  const held = new HeldProcess(
    child,
    { instance: 1, lease: 1, epoch: 1 },
    { ...order, argv: ['/bin/a'], lineBytesMax },
    {
      clock,
      scanner: { scan: async () => [] },
      times: { stdinMs: 50, termMs: 50, sweepMs: 500 },
      enclosure: OPEN_GROUND,
      limits: { ...OUTPUT_LIMITS, ...limits },
      spoolPath,
      onForgotten: () => {},
    },
  )
  const write = (from: number, to: number): void => {
    for (let n = from; n <= to; n++) child.stdout.write(`n ${n}\n`)
  }
  return { child, held, clock, spoolPath, write }
}

interface Watched extends HeldReader {
  readonly lines: string[]
  readonly events: string[]
  last: number
}

/** Reads on after number `after`; a line that was told before is dropped, a gap fails. */
function createReader(after = 0): Watched {
  const lines: string[] = []
  const events: string[] = []
  const watched: Watched = {
    lines,
    events,
    last: after,
    onLines: ({ first, count, bytes }) => {
      expect(first).toBeLessThanOrEqual(watched.last + 1)
      lines.push(...decodeLines(bytes).slice(watched.last - first + 1))
      watched.last = first + count - 1
    },
    onOutputEnd: (why) => events.push(`${why} after ${watched.last}`),
    onExit: ({ code, signal }) => events.push(`exit ${code ?? signal} after ${watched.last}`),
    onInputLost: (why) => events.push(`input ${why}`),
    onStopped: () => events.push('stopped'),
    onLost: () => events.push('lost'),
  }
  return watched
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `n ${from + i}`)
const when = (what: string, holds: () => boolean): Promise<void> => until(holds, { ms: 5_000, what: () => what })
const isWaiting = ({ child }: Rig): boolean => child.stdout.isPaused()

test('C-18: the last words of a process are told without credentials', async () => {
  const { child, held } = openRig()
  child.stderr.write('starting with PI_API_KEY=abcdef0123\n')
  await until(() => held.stderrTail() !== '', { ms: 2_000, what: () => 'stderr is read' })
  expect(held.stderrTail()).toBe('starting with PI_API_KEY=[redacted]\n')
})

describe('with a reader', () => {
  test('at most the window of lines is told without an acknowledgement; then the agent waits', async () => {
    const rig = openRig({ windowLines: 10 })
    const reader = createReader()
    rig.held.read(reader)
    rig.write(1, 50)
    await when('the agent to wait', () => isWaiting(rig))
    expect(reader.last).toBe(10)
    rig.held.acknowledge(4)
    await when('more lines', () => reader.last === 14)
    rig.held.acknowledge(14)
    await when('the next window', () => reader.last === 24)
    rig.held.acknowledge(24)
    await when('the next window', () => reader.last === 34)
    rig.held.acknowledge(34)
    await when('the next window', () => reader.last === 44)
    rig.held.acknowledge(44)
    await when('the rest', () => reader.last === 50)
    expect(reader.lines).toEqual(numbers(1, 50))
  })

  test('the window counts bytes too, and one segment may pass it', async () => {
    const rig = openRig({ windowBytes: 100 })
    const reader = createReader()
    rig.held.read(reader)
    for (let n = 1; n <= 10; n++) rig.child.stdout.write(`${'x'.repeat(59)}\n`)
    await when('the agent to wait', () => isWaiting(rig))
    expect(reader.last).toBe(2)
    rig.held.acknowledge(2)
    await when('two more', () => reader.last === 4)
  })

  test('a new reader replaces the old one and is told from the first line that is not acknowledged', async () => {
    const rig = openRig()
    const [old, fresh] = [createReader(), createReader(3)]
    rig.held.read(old)
    rig.write(1, 5)
    await when('the lines', () => old.last === 5)
    rig.held.acknowledge(3)
    rig.held.read(fresh)
    rig.write(6, 7)
    await when('the new lines', () => fresh.last === 7)
    expect(fresh.lines).toEqual(numbers(4, 7))
    expect(old.last).toBe(5)
  })

  test('a reader that acknowledges from inside the call is told every line once, in order', async () => {
    const rig = openRig({ windowLines: 5 })
    rig.write(1, 400)
    await new Promise((resolve) => setImmediate(resolve))
    const reader = createReader()
    const { onLines } = reader
    reader.onLines = (lines) => {
      onLines(lines)
      rig.held.acknowledge(reader.last)
    }
    rig.held.read(reader)
    await when('all lines', () => reader.last === 400)
    expect(reader.lines).toEqual(numbers(1, 400))
  })
})

describe('X-32 stdin is closed by the process', () => {
  const breakPipe = async ({ child, held }: Rig): Promise<void> => {
    const closed = new Promise((resolve) => child.stdin.once('close', resolve))
    child.stdin.destroy(Object.assign(new Error('broken'), { code: 'EPIPE' }))
    await closed
    held.send('late', undefined)
  }

  test('one that lives on is told as a loss, also to a reader that comes later', async () => {
    const rig = openRig({}, { isDeaf: true })
    const reader = createReader()
    rig.held.read(reader)
    await breakPipe(rig)
    rig.clock.advance(49)
    expect(reader.events).toEqual([])
    rig.clock.advance(1)
    expect(reader.events).toEqual(['input closed'])
    const later = createReader()
    rig.held.read(later)
    expect(later.events).toEqual(['input closed'])
  })

  test('of one that exits the exit is told, and nothing else', async () => {
    const rig = openRig({}, { isDeaf: true })
    const reader = createReader()
    rig.held.read(reader)
    await breakPipe(rig)
    rig.child.leave({ code: 3 })
    await when('the exit', () => reader.events.includes('exit 3 after 0'))
    rig.clock.advance(1_000)
    expect(reader.events).not.toContain('input closed')
  })

  test('of one that is being stopped it is no news', async () => {
    const rig = openRig({}, { isDeaf: true })
    const reader = createReader()
    rig.held.read(reader)
    await breakPipe(rig)
    void rig.held.stop()
    rig.clock.advance(1_000)
    expect(reader.events).toEqual([])
    rig.child.leave()
  })
})

describe('without a reader', () => {
  test('lines are kept: few in memory, more in the file, and the next reader gets them exactly', async () => {
    const rig = openRig({ memoryBytesMax: 100 })
    rig.write(1, 2_000)
    await when('all to be read', () => rig.child.stdout.readableLength === 0 && existsSync(rig.spoolPath))
    const reader = createReader()
    rig.held.read(reader)
    rig.write(2_001, 2_010)
    await acknowledgeUntil(rig, reader, 2_010)
    expect(reader.lines).toEqual(numbers(1, 2_010))
    rig.held.forget()
    expect(existsSync(rig.spoolPath)).toBe(false)
  })

  test('a spool that cannot be read back ends its own process, told without what is lost, and nobody else', async () => {
    const rig = openRig({ memoryBytesMax: 50 })
    rig.write(1, 40)
    await when('all to be read', () => rig.child.stdout.readableLength === 0 && existsSync(rig.spoolPath))
    truncateSync(rig.spoolPath, 10)
    const reader = createReader()
    rig.held.read(reader)
    await when('the end to be told', () => reader.events.some((event) => event.startsWith('exit')))
    expect(reader.last).toBeLessThan(40)
    expect(reader.lines).toEqual(Array.from({ length: reader.last }, (_, i) => `n ${i + 1}`))
  })

  test('at the cap the agent waits; nothing is lost when somebody comes', async () => {
    const rig = openRig({ memoryBytesMax: 50, spoolBytesMax: 400 })
    rig.write(1, 200)
    await when('the agent to wait', () => isWaiting(rig))
    expect(rig.child.stdout.readableLength + rig.child.stdout.writableLength).toBeGreaterThan(100)
    const reader = createReader()
    rig.held.read(reader)
    await acknowledgeUntil(rig, reader, 200)
    expect(reader.lines).toEqual(numbers(1, 200))
  })

  test('an agent that waits for its reader goes on when the reader leaves, up to the cap', async () => {
    const rig = openRig({ windowLines: 5, memoryBytesMax: 0 })
    const reader = createReader()
    rig.held.read(reader)
    rig.write(1, 100)
    await when('the agent to wait', () => isWaiting(rig))
    rig.held.unread()
    await when('it to go on', () => rig.child.stdout.readableLength + rig.child.stdout.writableLength === 0)
    expect(reader.last).toBe(5)
    const next = createReader()
    rig.held.read(next)
    await acknowledgeUntil(rig, next, 100)
    expect(next.lines).toEqual(numbers(1, 100))
  })
})

describe('the end', () => {
  test('an exit is told after the last line, also past the window, and again to the next reader', async () => {
    const rig = openRig({ windowLines: 5 })
    const reader = createReader()
    rig.held.read(reader)
    rig.write(1, 50)
    await when('the agent to wait', () => isWaiting(rig))
    rig.child.leave({ code: 3 })
    await when('the exit', () => reader.events.includes('exit 3 after 50'))
    await when('the stop', () => reader.events.includes('stopped'))
    expect(reader.lines).toEqual(numbers(1, 50))
    const next = createReader()
    rig.held.read(next)
    expect(next.events).toEqual(['exit 3 after 50', 'stopped'])
    expect(next.lines).toEqual(numbers(1, 50))
    expect(rig.held.exit).toEqual({ code: 3, signal: null })
  })

  test('an exit while nobody reads is told to the next reader, after what was written before it', async () => {
    const rig = openRig({ memoryBytesMax: 0 })
    rig.write(1, 20)
    rig.child.leave({ code: 7 })
    await rig.held.stop()
    const reader = createReader()
    rig.held.read(reader)
    expect(reader.events).toEqual(['exit 7 after 20', 'stopped'])
    expect(reader.lines).toEqual(numbers(1, 20))
  })

  test('an output that ends while the process lives is told after a grace, once; an exit in that time is told alone', async () => {
    const rig = openRig({}, { isDeaf: true })
    const reader = createReader()
    rig.held.read(reader)
    rig.write(1, 1)
    rig.child.stdout.end()
    await when('the grace to run', () => rig.clock.waiting() === 1 && reader.last === 1)
    expect(reader.events).toEqual([])
    rig.clock.advance(50)
    expect(reader.events).toEqual(['end after 1'])
    rig.child.leave({ code: 1 })
    await when('the exit', () => reader.events.includes('exit 1 after 1'))
    expect(reader.events.filter((name) => name.startsWith('end'))).toHaveLength(1)
  })

  test('a line that is too long is told, and to the next reader too', async () => {
    const rig = openRig({}, { lineBytesMax: 10 })
    const reader = createReader()
    rig.held.read(reader)
    rig.child.stdout.write(`ok\n${'x'.repeat(11)}\n`)
    await when('the end', () => reader.events.includes('tooLong after 1'))
    const next = createReader()
    rig.held.read(next)
    expect(next.events).toEqual(['tooLong after 1'])
    expect(next.lines).toEqual(['ok'])
  })

  test('a process that does not read its stdin is told, and to the next reader too', () => {
    const rig = openRig()
    const reader = createReader()
    rig.held.read(reader)
    for (let i = 0; i < 4; i++) rig.held.send('x'.repeat(500_000), undefined)
    rig.clock.advance(30_000)
    expect(reader.events).toEqual(['input stalled'])
    const next = createReader()
    rig.held.read(next)
    expect(next.events).toEqual(['input stalled'])
  })

  test('every stop is the same stop, and ends the input first', async () => {
    const rig = openRig()
    const reader = createReader()
    rig.held.read(reader)
    const [one, two] = await Promise.all([rig.held.stop(), rig.held.stop()])
    expect(one).toBe(two)
    expect(one).toMatchObject({ forced: false, survivors: [], exit: { code: 0, signal: null } })
    expect(rig.child.stdin.writableEnded).toBe(true)
    expect(reader.events).toEqual(['exit 0 after 0', 'stopped'])
  })
})

test('a frame is written once, whatever life of the gateway sends it', async () => {
  const { held, child } = openRig()
  held.send('a', 'f1')
  held.send('a', 'f1')
  held.send('b', undefined)
  held.send('b', undefined)
  held.send(Buffer.from('c\n'), 'f2')
  await when('the lines', () => child.stdin.readableLength === 8)
  expect(String(child.stdin.read())).toBe('a\nb\nb\nc\n')
  expect(held.frames).toEqual(['f1', 'f2'])
  expect([held.wasWritten('f1'), held.wasWritten('f3')]).toEqual([true, false])
})

/** Acknowledges what was told until `last` was. */
function acknowledgeUntil({ held }: Rig, reader: Watched, last: number): Promise<void> {
  return when(`line ${last}`, () => {
    held.acknowledge(reader.last)
    return reader.last === last
  })
}
