import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { systemClock } from '../base/clock.ts'
import type { Logger } from '../observe/logger.ts'
import { DRAIN_RESERVE_MS, drain } from './drain.ts'
import type { DrainParts } from './drain.ts'

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

interface Work {
  /** Ms after the start of the drain; undefined: never. */
  readonly turnsEndAt?: number
  readonly agentsGoneAt?: number
  readonly turns?: number
}

const at = (ms: number | undefined): Promise<void> =>
  new Promise((resolve) => void (ms !== undefined && setTimeout(resolve, ms)))

function start(budgetMs: number, { turnsEndAt, agentsGoneAt, turns = 1 }: Work, cut = new AbortController()) {
  const lines: Record<string, unknown>[] = []
  const said: string[] = []
  const startedAt = Date.now()
  const log = (fields: object, msg: string): void => void lines.push({ ...fields, msg })
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const hasEnded = (): boolean => turnsEndAt !== undefined && Date.now() >= startedAt + turnsEndAt
  const overview = (): object[] => [
    { sessionId: 'ses_1', turn: hasEnded() ? undefined : { since: startedAt - 30_000 } },
    { sessionId: 'ses_2', turn: undefined },
  ]
  const parts = {
    sessions: { drain: () => ({ turnsEnded: at(turnsEndAt), agentsGone: at(agentsGoneAt) }), overview },
    store: { counts: () => Promise.resolve({ turnsActive: hasEnded() ? 0 : turns }) },
    clock: systemClock,
    logger,
    budgetMs,
    cut: cut.signal,
    announce: (line: string) => void said.push(line),
  } as unknown as DrainParts
  let endedAfter: number | undefined
  const done = drain(parts).then((report) => {
    endedAfter = Date.now() - startedAt
    return report
  })
  const phases = () =>
    lines.flatMap(({ phase, ms, msMax, msg }) => (phase === undefined ? [] : [{ phase, ms, msMax, msg }]))
  return { done, phases, said, lines, cut, endedAfter: () => endedAfter }
}

test('T21: the phases share one deadline: what one takes is not added to the next', async () => {
  const drained = start(60_000, {})
  await vi.advanceTimersByTimeAsync(60_000 + DRAIN_RESERVE_MS)
  expect(await drained.done).toEqual({ turns: 1, cut: 1 })
  expect(drained.endedAfter()).toBe(60_000 + DRAIN_RESERVE_MS)
  const over = 'drain phase over its time'
  expect(drained.phases()).toEqual([
    { phase: 'turns', ms: 60_000, msMax: 60_000, msg: over },
    { phase: 'grace', ms: 8_000, msMax: 8_000, msg: over },
    { phase: 'agents', ms: DRAIN_RESERVE_MS - 8_000, msMax: DRAIN_RESERVE_MS - 8_000, msg: over },
  ])
  expect(drained.lines.map(({ msg }) => msg)).toContain('turns are left open; the next life settles them')
})

test('what is done early leaves its time to the next phase, and nothing waits for it', async () => {
  const drained = start(60_000, { turnsEndAt: 2_000, agentsGoneAt: 3_000 })
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await drained.done).toEqual({ turns: 1, cut: 0 })
  expect(drained.phases()).toMatchObject([
    { phase: 'turns', ms: 2_000, msg: 'drain phase done' },
    { phase: 'agents', ms: 1_000, msMax: 58_000 + DRAIN_RESERVE_MS, msg: 'drain phase done' },
  ])
  expect(drained.said).toEqual([])
})

test('no budget: the turns are cut at once and have their grace', async () => {
  const drained = start(0, { turnsEndAt: 500, agentsGoneAt: 600 })
  await vi.advanceTimersByTimeAsync(700)
  expect(await drained.done).toEqual({ turns: 1, cut: 1 })
  expect(drained.phases().map(({ phase, msMax }) => [phase, msMax])).toEqual([
    ['turns', 0],
    ['grace', expect.any(Number)],
    ['agents', expect.any(Number)],
  ])
})

test('every 10 s, and not more often, people hear what is waited for and since when', async () => {
  const drained = start(25_000, { turnsEndAt: 31_000, agentsGoneAt: 44_000 })
  await vi.advanceTimersByTimeAsync(45_000)
  await drained.done
  expect(drained.said).toEqual([
    'still stopping: 1 turn out, the oldest 40 s in ses_1; 15 s left',
    'still stopping: 1 turn out, the oldest 50 s in ses_1; 5 s left',
    'still stopping: 1 turn out, the oldest 60 s in ses_1; being cut',
    'still stopping: 2 sessions end their agents',
  ])
})

test('another request takes the rest of the time away, and no timer is left', async () => {
  const drained = start(60_000, {})
  await vi.advanceTimersByTimeAsync(1_000)
  drained.cut.abort()
  await vi.advanceTimersByTimeAsync(0)
  expect(await drained.done).toEqual({ turns: 1, cut: 1 })
  expect(drained.phases()).toMatchObject([{ phase: 'turns', msg: 'drain phase cut by another request' }])
  expect(vi.getTimerCount()).toBe(0)
})
