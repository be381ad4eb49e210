import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Leaving } from '../api/ports.ts'
import { Requests } from '../life/requests.ts'
import type { Logger } from '../observe/logger.ts'
import { Parting } from './parting.ts'
import type { PartingParts } from './parting.ts'

const NOW = 1_000_000

beforeEach(() => void vi.useFakeTimers({ now: NOW }))
afterEach(() => void vi.useRealTimers())

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A life whose turns never end, with 60 s for them. */
function together(mode: 'handover' | 'drain', connections = 0) {
  const requests = new Requests()
  const told: Leaving[] = []
  const budgets: number[] = []
  const done: string[] = []
  const never = new Promise<void>(() => {})
  const drain = ({ budgetAt }: { budgetAt: number }): object => {
    budgets.push(budgetAt - NOW)
    return { turnsEnded: never, agentsGone: never }
  }
  const drainConnections = ({ budgetAt }: { budgetAt: number }): Promise<void> => {
    budgets.push(budgetAt - NOW)
    return never
  }
  const parts = {
    sessions: {
      drain,
      drainConnections,
      overview: () => [],
      handOver: () => Promise.resolve(void done.push('handed over')),
    },
    host: {
      canHandOver: true,
      connections,
      handOver: () => void done.push('let go'),
      describe: () => ({ live: 1 }),
    },
    store: { counts: () => Promise.resolve({ turnsActive: 1 }) },
    live: { current: { restart: { mode }, deadlines: { drainMs: 60_000 } } },
    options: { requests, announce: () => {}, log: { logger: () => silent } },
  } as unknown as PartingParts
  const parting = new Parting(parts)
  const part = (): Promise<void> => parting.part({ leave: (leaving) => void told.push(leaving) })
  return { requests, parting, part, told, budgets, done }
}

test('T19: a stop during the drain of a restart makes a stop of it, with its own budget if that is less', async () => {
  const life = together('drain')
  life.requests.restart('new version')
  const parted = life.part()
  await vi.advanceTimersByTimeAsync(10_000)
  life.requests.stop('SIGTERM', { budgetMs: 5_000 })
  await vi.advanceTimersByTimeAsync(60_000)
  await parted
  expect(life.budgets).toEqual([60_000, 15_000]) // counted from the beginning
  expect(life.told).toEqual([
    { reason: 'restart', until: NOW + 60_000 },
    { reason: 'stop', until: NOW + 15_000 },
  ])
  expect(life.parting.hasLeftAgents).toBe(false)
})

test('a stop with more time than the restart had left does not make the drain longer', async () => {
  const life = together('drain')
  life.requests.restart('new version')
  const parted = life.part()
  await vi.advanceTimersByTimeAsync(50_000)
  life.requests.stop('SIGTERM', { budgetMs: 600_000 })
  await vi.advanceTimersByTimeAsync(60_000)
  await parted
  expect(life.budgets).toEqual([60_000, 60_000])
})

test('a second stop ends the waiting at once', async () => {
  const life = together('drain')
  life.requests.stop('SIGTERM')
  const parted = life.part()
  await vi.advanceTimersByTimeAsync(1_000)
  life.requests.stop('SIGTERM')
  await vi.advanceTimersByTimeAsync(0)
  await parted
  expect([life.budgets, vi.getTimerCount()]).toEqual([[60_000], 0])
})

test('a restart that hands over drains nothing, and readers hear that somebody comes', async () => {
  const life = together('handover')
  life.requests.restart('new version')
  await life.part()
  expect([life.budgets, life.done]).toEqual([[], ['handed over', 'let go']])
  expect(life.told).toEqual([{ reason: 'restart', until: NOW }])
  expect(life.parting.hasLeftAgents).toBe(true)
})

test('what a supervisor is told fits what happens: a restart that drains leaves no agents', () => {
  const will = (['handover', 'drain'] as const).map((mode) => {
    const life = together(mode)
    life.requests.restart('new version')
    return life.parting.willLeaveAgents
  })
  expect(will).toEqual([true, false])
})

test('turns on connections have the budget before the others are handed over, and a second request cuts them', async () => {
  const life = together('handover', 1)
  life.requests.restart('new version')
  const parted = life.part()
  await vi.advanceTimersByTimeAsync(30_000)
  expect([life.budgets, life.done]).toEqual([[60_000], []])
  expect(life.told).toEqual([{ reason: 'restart', until: NOW + 60_000 }])
  life.requests.stop('SIGTERM', { keepsAgents: true })
  await vi.advanceTimersByTimeAsync(0)
  await parted
  expect(life.done).toEqual(['handed over', 'let go'])
})
