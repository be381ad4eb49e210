import { expect, test } from 'vitest'

import { systemClock } from '../base/clock.ts'
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
