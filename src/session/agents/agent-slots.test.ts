import { expect, test } from 'vitest'

import { systemClock } from '../../base/clock.ts'
import { AgentSlots } from './agent-slots.ts'

const LIMITS = { liveMax: 2, startingMax: 1, waitMs: 20 }
const never = new AbortController().signal

test('a second start waits for the first one, in order', async () => {
  const slots = new AgentSlots({ ...LIMITS, waitMs: 10_000 }, systemClock)
  const order: string[] = []
  const first = await slots.acquire(never)
  const second = slots.acquire(never).then((slot) => {
    order.push('second')
    return slot
  })
  order.push('started')
  first.started()
  await second
  expect(order).toEqual(['started', 'second'])
  expect(slots.live).toBe(2)
})

test('a full house asks for room and then refuses with AGENT_LIMIT', async () => {
  const slots = new AgentSlots(LIMITS, systemClock)
  let asked = 0
  slots.onPressure = () => asked++
  for (let i = 0; i < 2; i++) (await slots.acquire(never)).started()
  await expect(slots.acquire(never)).rejects.toMatchObject({ code: 'AGENT_LIMIT' })
  expect(asked).toBe(1)
})

test('a released slot goes to the one that waits, and a slot is given back once', async () => {
  const slots = new AgentSlots({ ...LIMITS, waitMs: 10_000 }, systemClock)
  const held = await slots.acquire(never)
  held.started()
  ;(await slots.acquire(never)).started()
  const waiting = slots.acquire(never)
  held[Symbol.dispose]()
  held[Symbol.dispose]()
  await waiting
  expect(slots.live).toBe(2)
})

test('a caller that gives up leaves the line', async () => {
  const slots = new AgentSlots({ ...LIMITS, waitMs: 10_000 }, systemClock)
  const first = await slots.acquire(never)
  const abort = new AbortController()
  const gone = slots.acquire(abort.signal)
  abort.abort()
  await expect(gone).rejects.toMatchObject({ code: 'CANCELLED' })
  first.started()
  expect(slots.live).toBe(1)
})

/** Memory that the test makes short and long again. */
function memory(): { isShort: boolean; reads: number; read: () => boolean } {
  const gauge = { isShort: false, reads: 0, read: () => (gauge.reads++, gauge.isShort) }
  return gauge
}

test('while memory is short a start waits, asks for one agent to end, and says why it was refused', async () => {
  const gauge = memory()
  const slots = new AgentSlots({ ...LIMITS, liveMax: 9 }, systemClock, gauge.read)
  let asked = 0
  slots.onPressure = () => asked++
  ;(await slots.acquire(never)).started()
  gauge.isShort = true
  const refused = await slots.acquire(never).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'AGENT_LIMIT', details: { reason: 'memory is short' } })
  expect([asked, slots.live, slots.pressure]).toEqual([1, 1, 0])
})

test('the first agent starts however short memory is, and nobody asks how much there is', async () => {
  const gauge = memory()
  gauge.isShort = true
  const slots = new AgentSlots(LIMITS, systemClock, gauge.read)
  await slots.acquire(never)
  expect([slots.live, gauge.reads]).toEqual([1, 0])
})

test('who waits for memory starts when there is some again, in order', async () => {
  const gauge = memory()
  const slots = new AgentSlots({ liveMax: 9, startingMax: 9, waitMs: 10_000 }, systemClock, gauge.read)
  await slots.acquire(never)
  gauge.isShort = true
  const order: number[] = []
  const waiting = [1, 2].map((n) => slots.acquire(never).then(() => order.push(n)))
  slots.recheck()
  expect([slots.live, slots.pressure]).toEqual([1, 1])
  gauge.isShort = false
  slots.recheck()
  await Promise.all(waiting)
  expect([order, slots.live]).toEqual([[1, 2], 3])
})

test('an agent that ends lets the one that waits for memory start when nothing else lives', async () => {
  const gauge = memory()
  const slots = new AgentSlots({ ...LIMITS, waitMs: 10_000 }, systemClock, gauge.read)
  const held = await slots.acquire(never)
  gauge.isShort = true
  const waiting = slots.acquire(never)
  held[Symbol.dispose]()
  await waiting
  expect(slots.live).toBe(1)
})

test('a spare gets no slot while a session starts or waits, the house is full, or memory is short', async () => {
  const gauge = memory()
  const slots = new AgentSlots({ liveMax: 2, startingMax: 2, waitMs: 10_000 }, systemClock, gauge.read)
  const first = await slots.acquire(never)
  expect(slots.acquireSpare()).toBeUndefined()
  first.started()
  gauge.isShort = true
  expect(slots.acquireSpare()).toBeUndefined()
  gauge.isShort = false
  const spare = slots.acquireSpare()
  expect([slots.live, slots.acquireSpare()]).toEqual([2, undefined])
  const waiting = slots.acquire(never)
  expect(slots.pressure).toBe(1)
  spare?.[Symbol.dispose]()
  await waiting
  expect(slots.live).toBe(2)
})

test('the start of a spare keeps no session from starting', async () => {
  const slots = new AgentSlots({ liveMax: 3, startingMax: 1, waitMs: 10_000 }, systemClock)
  expect(slots.acquireSpare()).toBeDefined()
  await slots.acquire(never)
  expect(slots.live).toBe(2)
})

test('a process that lives already has a slot at once, even beyond the limit; starts wait until there is room again', async () => {
  const slots = new AgentSlots(LIMITS, systemClock)
  const adopted = [slots.adopt(), slots.adopt(), slots.adopt()]
  expect(slots.live).toBe(3)
  await expect(slots.acquire(never)).rejects.toMatchObject({ code: 'AGENT_LIMIT' })
  for (const slot of adopted) slot[Symbol.dispose]()
  await slots.acquire(never)
  expect(slots.live).toBe(1)
})
