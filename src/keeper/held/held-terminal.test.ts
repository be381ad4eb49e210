// A held process in what terminals and their agents need beyond lines: raw bytes, a window above what is retained, pinned lines.

import { expect, test } from 'vitest'

import { OPEN_GROUND } from '../../process/enclosure.ts'
import { manualClock } from '../../../test/_support/manual-clock.ts'
import { createScriptedChild, type ScriptedChild } from '../../../test/_support/scripted-child.ts'
import { until } from '../../../test/_support/until.ts'
import { HeldProcess, OUTPUT_LIMITS } from './held-process.ts'
import type { HeldReader, TerminalLabel } from '../holder.ts'

interface Rig {
  readonly child: ScriptedChild
  readonly held: HeldProcess
}

function openRig(terminal?: TerminalLabel): Rig {
  const child = createScriptedChild({ isDeaf: true })
  const order = { leaseId: 1, sessionId: 'ses', generation: 1, agent: 'a', env: {}, cwd: '/', lineBytesMax: 1_000 }
  const held = new HeldProcess(
    child,
    { instance: 1, lease: 1, epoch: 1 },
    { ...order, argv: ['/bin/a'], terminal },
    {
      clock: manualClock(),
      scanner: { scan: async () => [] },
      times: { stdinMs: 0, termMs: 50, sweepMs: 500 },
      enclosure: OPEN_GROUND,
      limits: OUTPUT_LIMITS,
      spoolPath: undefined,
      onForgotten: () => {},
    },
  )
  return { child, held }
}

function createReader(): HeldReader & { told: string; next: number } {
  const reader = {
    told: '',
    next: 1,
    onLines: ({ first, count, bytes }: { first: number; count: number; bytes: Buffer }) => {
      expect(first).toBe(reader.next)
      reader.next = first + count
      reader.told += bytes.toString()
    },
    onOutputEnd: () => {},
    onExit: ({ code }: { code: number | null }) => void (reader.told += `|exit ${code}`),
    onInputLost: () => {},
    onStopped: () => {},
    onLost: () => {},
  }
  return reader
}

const when = (what: string, holds: () => boolean): Promise<void> => until(holds, { ms: 5_000, what: () => what })
const TERMINAL = { line: 5, outputBytesMax: 4 }

test('a terminal tells both streams as bytes, from the first one that is not acknowledged, and has no input', async () => {
  const { child, held } = openRig(TERMINAL)
  expect(child.stdin.writableEnded).toBe(true)
  const first = createReader()
  held.read(first)
  child.stdout.write('no line end ')
  await when('stdout', () => first.told === 'no line end ')
  child.stderr.write('err')
  await when('stderr', () => first.told === 'no line end err')
  held.acknowledge(3)
  held.unread()
  const next = createReader()
  next.next = 4
  held.read(next)
  expect(next.told).toBe('line end err')
  child.leave({ code: 2 })
  await when('the exit', () => next.told === 'line end err|exit 2')
  await held.stop()
})

test('a pinned line is handed out until its frame is written, also when it was acknowledged', async () => {
  const { child, held } = openRig()
  const reader = createReader()
  held.read(reader)
  child.stdout.write('one\ntwo\r\nthree\n')
  await when('three lines', () => reader.next === 4)
  held.pin(2, 'a2')
  held.pin(3, 'a3')
  held.acknowledge(3)
  held.pin(1, 'a1') // too late: its line is gone
  expect(held.pinned).toEqual([
    { line: 2, frameId: 'a2', text: 'two' },
    { line: 3, frameId: 'a3', text: 'three' },
  ])
  held.send('{}', 'a2')
  expect(held.pinned.map(({ line }) => line)).toEqual([3])
  child.leave()
  await held.stop()
})

test('a line whose answer was written is not pinned', async () => {
  const { child, held } = openRig()
  const reader = createReader()
  held.read(reader)
  child.stdout.write('one\n')
  await when('a line', () => reader.next === 2)
  held.send('{}', 'a1')
  held.pin(1, 'a1')
  expect(held.pinned).toEqual([])
  child.leave()
  await held.stop()
})
