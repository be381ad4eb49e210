// From numbered bytes to batches of lines: sizes, numbers after a resume, and what is told after which line.

import { expect, test } from 'vitest'

import { LineDelivery } from './line-delivery.ts'
import type { NumberedLines } from '../held/output-spool.ts'

interface Rig {
  readonly delivery: LineDelivery
  /** `<first>+<count>` of each batch, and whatever else was told. */
  readonly events: string[]
  readonly lines: string[]
}

function openRig(after = 0): Rig {
  const events: string[] = []
  const lines: string[] = []
  const delivery = new LineDelivery(after, (batch) => {
    expect(batch.first).toBe(after + lines.length + 1)
    lines.push(...batch.lines)
    events.push(`${batch.first}+${batch.lines.length}`)
  })
  return { delivery, events, lines }
}

function segment(first: number, last: number): NumberedLines {
  const lines = Array.from({ length: last - first + 1 }, (_, i) => `n ${first + i}\n`)
  return { first, count: lines.length, bytes: Buffer.from(lines.join('')) }
}

async function turns(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve))
}

test('a burst comes in batches of at most 128, in order, one batch a turn of the loop', async () => {
  const { delivery, events, lines } = openRig()
  delivery.open()
  await turns(1)
  delivery.push(segment(1, 300))
  expect(events).toEqual(['1+128'])
  delivery.push(segment(301, 310))
  expect(events).toEqual(['1+128'])
  await turns(1)
  expect(events).toEqual(['1+128', '129+128'])
  await turns(2)
  expect(events).toEqual(['1+128', '129+128', '257+54'])
  expect(lines.at(-1)).toBe('n 310')
})

test('nothing is delivered before it is opened, and then not from inside the call', async () => {
  const { delivery, events } = openRig()
  delivery.push(segment(1, 2))
  delivery.afterLines(() => events.push('end'))
  await turns(2)
  expect(events).toEqual([])
  delivery.open()
  expect(events).toEqual([])
  await turns(2)
  expect(events).toEqual(['1+2', 'end'])
})

test('a resume in the middle of a segment goes on with the next number; a segment that is told again is dropped', async () => {
  const { delivery, events, lines } = openRig(5)
  delivery.open()
  delivery.push(segment(1, 4))
  delivery.push(segment(4, 8))
  delivery.push(segment(4, 8))
  delivery.push(segment(9, 9))
  await turns(3)
  expect(lines).toEqual(['n 6', 'n 7', 'n 8', 'n 9'])
  expect(events[0]?.startsWith('6+')).toBe(true)
})

test('X-05: a byte order mark goes from the first line of all, and from no other', async () => {
  const first = { first: 1, count: 2, bytes: Buffer.from('\u{feff}a\n\u{feff}b\n') }
  const fresh = openRig()
  fresh.delivery.open()
  await turns(1)
  fresh.delivery.push(first)
  expect(fresh.lines).toEqual(['a', '\u{feff}b'])
  const resumed = openRig(1)
  resumed.delivery.open()
  await turns(1)
  resumed.delivery.push(first)
  expect(resumed.lines).toEqual(['\u{feff}b'])
})

test('what is told after lines comes in order, after the last line before it', async () => {
  const { delivery, events } = openRig()
  delivery.open()
  delivery.push(segment(1, 200))
  delivery.afterLines(() => events.push('stalled'))
  delivery.afterLines(() => events.push('exit'))
  await turns(4)
  expect(events).toEqual(['1+128', '129+72', 'stalled', 'exit'])
})

test('what is told after lines does not wait for lines that came later', async () => {
  const { delivery, events } = openRig()
  delivery.open()
  delivery.push(segment(1, 128))
  delivery.afterLines(() => events.push('stalled'))
  delivery.push(segment(129, 1_000))
  await turns(10)
  expect(events.indexOf('stalled')).toBeLessThan(3)
})

test('a listener that throws stops neither the lines nor what is told after them', async () => {
  let calls = 0
  const events: string[] = []
  const delivery = new LineDelivery(0, ({ first }) => {
    if (++calls === 1) throw new Error('the listener is broken')
    events.push(`from ${first}`)
  })
  delivery.open()
  await turns(1)
  expect(() => delivery.push(segment(1, 200))).toThrow('the listener is broken')
  delivery.afterLines(() => events.push('exit'))
  await turns(4)
  expect(events).toEqual(['from 129', 'exit'])
})

test('X-04 lines that were not UTF-8 are named in their batch, each once', async () => {
  const named: (readonly number[] | undefined)[] = []
  const delivery = new LineDelivery(2, ({ damaged }) => named.push(damaged))
  delivery.open()
  await turns(1)
  const lines = Array.from({ length: 300 }, (_, i) => (i % 100 === 1 ? Buffer.from([0xff, 0x0a]) : Buffer.from('x\n')))
  const bytes = Buffer.concat(lines)
  delivery.push({ first: 1, count: 300, bytes })
  delivery.push({ first: 1, count: 300, bytes })
  await turns(4)
  expect(named).toEqual([[102], [202], undefined])
})
