import { expect, test } from 'vitest'

import { manualClock } from '../../../test/_support/manual-clock.ts'
import type { SparePool } from '../../agent/spares.ts'
import { AgentSlots } from './agent-slots.ts'
import type { AgentSlot } from './agent-slots.ts'
import { WarmPool } from './warm-pool.ts'
import type { PooledSession } from './warm-pool.ts'

const never = new AbortController().signal

type Activity = PooledSession['live']['activity']

/** Sessions whose actors look when the test says so. */
class House {
  readonly clock = manualClock()
  readonly sessions: (PooledSession & { activity: Activity; idleSince: number; asked: number; slot: AgentSlot })[] = []
  readonly slots: AgentSlots
  isMemoryShort = false
  spares: (SparePool & { ready: number; leaving: number; looks: number }) | undefined
  agentIdleMs = 0
  #pool: WarmPool | undefined

  constructor(liveMax = 3) {
    const limits = { liveMax, startingMax: liveMax, waitMs: 1_000_000 }
    this.slots = new AgentSlots(limits, this.clock, () => this.isMemoryShort)
  }

  /** Opens the pool with what was set before. */
  open(): WarmPool {
    const { clock, slots, spares, agentIdleMs } = this
    const warmLimits = { agentIdleMs }
    this.#pool = new WarmPool({ clock, slots, spares, warmLimits }, () => this.sessions)
    slots.onPressure = () => this.#pool?.makeRoom()
    return this.#pool
  }

  async add(activity: Activity, capabilities?: object): Promise<void> {
    const slot = await this.slots.acquire(never)
    slot.started()
    const clock = this.clock
    this.sessions.push({
      activity,
      state: { agentCapabilities: capabilities === undefined ? undefined : JSON.stringify(capabilities) },
      asked: 0,
      slot,
      idleSince: clock.now(),
      get live() {
        return { activity: this.activity }
      },
      post() {
        this.asked++
        this.idleSince = clock.now()
      },
    })
    clock.advance(1)
  }

  addSpares(ready: number): void {
    const spares = {
      ready,
      leaving: 0,
      looks: 0,
      take: () => undefined,
      look: () => void spares.looks++,
      retire: () => 0,
      yieldOne: () => {
        if (spares.ready === 0) return false
        spares.ready--
        spares.leaving++
        return true
      },
    }
    this.spares = spares
  }

  get asked(): number[] {
    return this.sessions.map(({ asked }) => asked)
  }
}

test('one agent ends for each start that waits, the one idle longest first, and the busy ones stay', async () => {
  const house = new House()
  house.open()
  for (const activity of ['running', 'idle', 'idle'] as const) await house.add(activity)
  void house.slots.acquire(never)
  expect(house.asked).toEqual([0, 1, 0])
  void house.slots.acquire(never)
  void house.slots.acquire(never)
  expect(house.asked).toEqual([0, 1, 1])
})

test('an agent that could not go on in another process ends only when no other one can make room', async () => {
  const house = new House(3)
  house.open()
  for (const capabilities of [{}, { loadSession: true }, { resume: true }]) await house.add('idle', capabilities)
  void house.slots.acquire(never)
  expect(house.asked).toEqual([0, 1, 0])
  void house.slots.acquire(never)
  void house.slots.acquire(never)
  expect(house.asked).toEqual([1, 1, 1])
})

test('an actor that has been asked and has not looked yet is not passed over for another', async () => {
  const house = new House()
  const pool = house.open()
  for (const activity of ['idle', 'idle', 'idle'] as const) await house.add(activity)
  void house.slots.acquire(never)
  for (let i = 0; i < 5; i++) pool.makeRoom()
  expect(house.asked).toEqual([1, 0, 0])
})

test('one that was asked in vain, because a prompt came first, does not keep the others from making room', async () => {
  const house = new House(2)
  const pool = house.open()
  for (const activity of ['idle', 'idle'] as const) await house.add(activity)
  void house.slots.acquire(never)
  const [first] = house.sessions
  if (first !== undefined) first.activity = 'running'
  pool.makeRoom()
  expect(house.asked).toEqual([1, 1])
})

test('a spare makes room before any session does', async () => {
  const house = new House()
  house.addSpares(1)
  house.open()
  for (const activity of ['idle', 'idle'] as const) await house.add(activity)
  house.slots.acquireSpare()
  void house.slots.acquire(never)
  expect([house.spares?.leaving, house.asked]).toEqual([1, [0, 0]])
  void house.slots.acquire(never)
  expect([house.spares?.leaving, house.asked]).toEqual([1, [1, 0]])
})

test('while memory is short one agent ends at a time, in the background, until it is not', async () => {
  const house = new House(9)
  house.addSpares(1)
  using _pool = house.open()
  for (const activity of ['idle', 'running', 'idle'] as const) await house.add(activity)
  house.isMemoryShort = true
  house.clock.advance(2_000)
  expect([house.spares?.leaving, house.asked]).toEqual([1, [0, 0, 0]])
  house.clock.advance(2_000)
  expect(house.asked).toEqual([0, 0, 0])
  if (house.spares !== undefined) house.spares.leaving = 0
  house.clock.advance(2_000)
  expect(house.asked).toEqual([1, 0, 0])
  house.isMemoryShort = false
  house.clock.advance(20_000)
  expect(house.asked).toEqual([1, 0, 0])
})

test('spares are looked after only while memory is not short, and a start that waits for it goes on when it is back', async () => {
  const house = new House(9)
  house.addSpares(0)
  using _pool = house.open()
  await house.add('running')
  house.isMemoryShort = true
  const waiting = house.slots.acquire(never)
  house.clock.advance(10_000)
  expect([house.spares?.looks, house.slots.live]).toEqual([0, 1])
  house.isMemoryShort = false
  house.clock.advance(2_000)
  await waiting
  expect([house.spares?.looks, house.slots.live]).toEqual([1, 2])
})

test('an agent that has been idle for too long ends, the others stay', async () => {
  const house = new House()
  house.agentIdleMs = 60_000
  using _pool = house.open()
  await house.add('idle', { loadSession: true })
  await house.add('running', { loadSession: true })
  house.clock.advance(30_000)
  await house.add('idle', { loadSession: true })
  house.clock.advance(32_000)
  expect(house.asked).toEqual([1, 0, 0])
})

const CONTINUES: Readonly<Record<string, { capabilities: object | undefined; asked: number }>> = {
  'can resume': { capabilities: { resume: true, loadSession: false }, asked: 1 },
  'can load': { capabilities: { resume: false, loadSession: true }, asked: 1 },
  'can do neither': { capabilities: { resume: false, loadSession: false }, asked: 0 },
  'has not said': { capabilities: undefined, asked: 0 },
}

for (const [name, { capabilities, asked }] of Object.entries(CONTINUES)) {
  test(`an idle agent that ${name} ${asked === 1 ? 'ends in time' : 'keeps its conversation'}`, async () => {
    const house = new House()
    house.agentIdleMs = 60_000
    using _pool = house.open()
    await house.add('idle', capabilities)
    house.clock.advance(62_000)
    expect(house.asked).toEqual([asked])
  })
}

test('without a bound nobody ends for being idle', async () => {
  const house = new House()
  using _pool = house.open()
  await house.add('idle', { resume: true })
  house.clock.advance(7 * 86_400_000)
  expect(house.asked).toEqual([0])
})

test('a stopped pool looks no more', async () => {
  const house = new House()
  house.addSpares(0)
  house.open()[Symbol.dispose]()
  house.clock.advance(60_000)
  expect([house.spares?.looks, house.clock.waiting()]).toEqual([0, 0])
})
