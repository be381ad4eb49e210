import { expect, test } from 'vitest'

import { manualClock } from '../../test/_support/manual-clock.ts'
import { CancelledError, HoldfastError } from '../base/errors.ts'
import type { Logger } from '../observe/logger.ts'
import type { AgentDefinition } from './definition.ts'
import { Spares } from './spares.ts'
import type { TakenSpare, WantedSpares } from './spares.ts'
import type { InitializedAgent } from './start/start-agent.ts'

const CLAUDE: AgentDefinition = { name: 'claude', title: 'C', argv: ['claude'], env: {}, source: 'config' }
const GEMINI: AgentDefinition = { ...CLAUDE, name: 'gemini', argv: ['gemini'] }
const BROKEN = new HoldfastError('AGENT_EXITED', { agent: 'claude', exit: 'code 1', stage: 'initialize' })

interface Started {
  readonly name: string
  readonly argv: readonly string[]
  isAlive: boolean
  die(): void
}

/** Everything runs in microtasks and on a clock that the test moves. */
class Shelf {
  readonly clock = manualClock()
  readonly started: Started[] = []
  readonly warnings: string[] = []
  wanted: WantedSpares[] = [{ definition: CLAUDE, count: 1 }]
  roomFor = 9
  slots = 0
  /** False for a start that is as good as done when it is given up. */
  heedsAbort = true
  /** What the next start waits for; it may reject. */
  gate: Promise<void> = Promise.resolve()
  readonly spares: Spares

  constructor() {
    const logger: Logger = {
      debug: () => {},
      info: () => {},
      warn: (_, message) => void this.warnings.push(message),
      error: () => {},
    }
    this.spares = new Spares({
      clock: this.clock,
      logger,
      wanted: () => this.wanted,
      start: (definition, signal) => this.#start(definition, signal),
      acquireSlot: () => this.#acquireSlot(),
    })
  }

  get alive(): string[] {
    return this.started.filter(({ isAlive }) => isAlive).map(({ name }) => name)
  }

  async look(): Promise<void> {
    this.spares.look()
    await settled()
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await this.look()
  }

  #acquireSlot(): TakenSpare['slot'] | undefined {
    if (this.slots >= this.roomFor) return undefined
    this.slots++
    return { started: () => {}, [Symbol.dispose]: () => void this.slots-- }
  }

  async #start({ name, argv = [''] }: AgentDefinition, signal: AbortSignal): Promise<InitializedAgent> {
    const link: { onLost(error: Error): void } = { onLost: () => {} }
    const entry: Started = { name, argv, isAlive: true, die: () => link.onLost(BROKEN) }
    this.started.push(entry)
    try {
      await this.gate
      if (signal.aborted && this.heedsAbort) throw new CancelledError('initialize')
    } catch (error) {
      entry.isAlive = false
      throw error
    }
    const stop = (): Promise<void> => Promise.resolve().then(() => void (entry.isAlive = false))
    return { link, process: { pid: this.started.length, stop } } as unknown as InitializedAgent
  }
}

/** Long enough for every chain of microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test('as many are kept as are wanted, started one after the other', async () => {
  const shelf = new Shelf()
  shelf.wanted = [
    { definition: CLAUDE, count: 2 },
    { definition: GEMINI, count: 1 },
  ]
  const gate = Promise.withResolvers<void>()
  shelf.gate = gate.promise
  await shelf.look()
  expect(shelf.started).toHaveLength(1)
  gate.resolve()
  await settled()
  expect(shelf.alive).toEqual(['claude', 'claude', 'gemini'])
  expect([shelf.spares.ready, shelf.slots]).toEqual([3, 3])
})

test('none is started where none is wanted', async () => {
  const shelf = new Shelf()
  shelf.wanted = [{ definition: CLAUDE, count: 0 }]
  await shelf.look()
  expect([shelf.started.length, shelf.slots]).toEqual([0, 0])
})

test('a taken spare is the taker’s, with its slot, and another takes its place', async () => {
  const shelf = new Shelf()
  await shelf.look()
  const taken = shelf.spares.take(CLAUDE)
  expect([taken?.agent.process.pid, shelf.spares.take(CLAUDE)]).toEqual([1, undefined])
  await settled()
  expect([shelf.spares.ready, shelf.slots]).toEqual([1, 2])
  shelf.started[0]?.die()
  await shelf.spares[Symbol.asyncDispose]()
  expect([shelf.alive, shelf.slots]).toEqual([['claude'], 1])
})

test('a spare is given to sessions of exactly its definition only', async () => {
  const shelf = new Shelf()
  await shelf.look()
  expect(shelf.spares.take(GEMINI)).toBeUndefined()
  expect(shelf.spares.take({ ...CLAUDE, argv: ['claude', '--new'] })).toBeUndefined()
  expect(shelf.spares.take({ ...CLAUDE, env: { A: '1' } })).toBeUndefined()
  expect(shelf.spares.take({ ...CLAUDE, title: 'Other' })).toBeDefined()
})

test('nothing starts without room, and the next look finds the room', async () => {
  const shelf = new Shelf()
  shelf.roomFor = 0
  await shelf.look()
  expect(shelf.started).toHaveLength(0)
  shelf.roomFor = 1
  await shelf.look()
  expect(shelf.spares.ready).toBe(1)
})

test('one that is too old is never handed out and is replaced', async () => {
  const shelf = new Shelf()
  await shelf.look()
  shelf.clock.advance(30 * 60_000)
  expect(shelf.spares.take(CLAUDE)).toBeUndefined()
  await shelf.look()
  expect(shelf.started.map(({ isAlive }) => isAlive)).toEqual([false, true])
  expect([shelf.spares.ready, shelf.slots]).toEqual([1, 1])
})

test('one whose definition has changed or is gone is ended, and one of the new definition replaces it', async () => {
  const shelf = new Shelf()
  await shelf.look()
  shelf.wanted = [{ definition: { ...CLAUDE, argv: ['claude', '--new'] }, count: 1 }]
  await shelf.look()
  expect(shelf.started.map(({ argv, isAlive }) => [argv.length, isAlive])).toEqual([
    [1, false],
    [2, true],
  ])
  shelf.wanted = []
  await shelf.look()
  expect([shelf.alive, shelf.slots]).toEqual([[], 0])
})

test('one that makes room is ended, its slot free when it is gone, and none is started for half a minute', async () => {
  const shelf = new Shelf()
  await shelf.look()
  expect([shelf.spares.yieldOne(), shelf.spares.ready, shelf.spares.leaving, shelf.slots]).toEqual([true, 0, 1, 1])
  await shelf.pass(29_999)
  expect([shelf.alive, shelf.slots, shelf.spares.leaving]).toEqual([[], 0, 0])
  await shelf.pass(1)
  expect(shelf.spares.ready).toBe(1)
})

test('one that is still starting makes room too, and that is no failure', async () => {
  const shelf = new Shelf()
  const gate = Promise.withResolvers<void>()
  shelf.gate = gate.promise
  await shelf.look()
  expect([shelf.spares.yieldOne(), shelf.spares.leaving, shelf.spares.yieldOne()]).toEqual([true, 1, false])
  gate.resolve()
  await settled()
  expect([shelf.alive, shelf.slots, shelf.spares.leaving]).toEqual([[], 0, 0])
  await shelf.pass(30_000)
  expect(shelf.spares.ready).toBe(1)
})

test('a start that fails is tried again later and later, then given up with one warning', async () => {
  const shelf = new Shelf()
  shelf.gate = Promise.reject(BROKEN)
  const startedAt: number[] = []
  const first = shelf.clock.now()
  for (let second = 0; second < 600; second++) {
    const before = shelf.started.length
    await shelf.look()
    if (shelf.started.length > before) startedAt.push((shelf.clock.now() - first) / 1_000)
    shelf.clock.advance(1_000)
  }
  expect(startedAt).toEqual([0, 1, 3, 7, 15])
  expect(shelf.warnings).toEqual(['spares of an agent are given up'])
  expect(shelf.slots).toBe(0)
})

test('an agent whose spares fail keeps nobody else from having them', async () => {
  const shelf = new Shelf()
  shelf.wanted = [
    { definition: CLAUDE, count: 1 },
    { definition: GEMINI, count: 1 },
  ]
  shelf.gate = Promise.reject(BROKEN)
  shelf.gate.catch(() => {})
  shelf.spares.look()
  shelf.gate = Promise.resolve()
  await settled()
  expect(shelf.alive).toEqual(['gemini'])
})

test('one that dies while it waits is ended and replaced, never at once and not for ever', async () => {
  const shelf = new Shelf()
  for (let second = 0; second < 120; second++) {
    await shelf.look()
    const last = shelf.started.at(-1)
    if (shelf.spares.ready > 0) last?.die()
    await shelf.look()
    shelf.clock.advance(1_000)
  }
  expect([shelf.started.length, shelf.spares.ready, shelf.slots]).toEqual([5, 0, 0])
  expect(shelf.warnings).toHaveLength(1)
})

test('one that dies after a long wait does not count as one that cannot be started', async () => {
  const shelf = new Shelf()
  for (let i = 0; i < 10; i++) {
    await shelf.pass(60_000)
    shelf.clock.advance(60_000)
    shelf.started.at(-1)?.die()
  }
  await shelf.pass(60_000)
  expect([shelf.spares.ready, shelf.warnings]).toEqual([1, []])
})

test('the stop ends what waits and what starts, and nothing starts afterwards', async () => {
  const shelf = new Shelf()
  shelf.wanted = [{ definition: CLAUDE, count: 2 }]
  await shelf.look()
  expect(shelf.spares.ready).toBe(2)
  shelf.spares.take(CLAUDE)
  const gate = Promise.withResolvers<void>()
  shelf.gate = gate.promise
  await settled()
  const stopped = shelf.spares[Symbol.asyncDispose]()
  gate.resolve()
  await stopped
  await shelf.look()
  expect([shelf.started.length, shelf.alive, shelf.slots]).toEqual([3, ['claude'], 1])
})

test('a start that succeeds after it was given up is undone', async () => {
  const shelf = new Shelf()
  shelf.heedsAbort = false
  const gate = Promise.withResolvers<void>()
  shelf.gate = gate.promise
  await shelf.look()
  shelf.spares.yieldOne()
  gate.resolve()
  await settled()
  expect([shelf.alive, shelf.slots, shelf.spares.ready, shelf.spares.leaving]).toEqual([[], 0, 0, 0])
})

test('after a login the spares of its agent are replaced, also one that is being started; those of others stay', async () => {
  const shelf = new Shelf()
  shelf.wanted = [
    { definition: CLAUDE, count: 2 },
    { definition: GEMINI, count: 1 },
  ]
  await shelf.look()
  await shelf.look()
  expect(shelf.alive).toEqual(['claude', 'claude', 'gemini'])
  expect(shelf.spares.retire('claude')).toBe(2)
  await shelf.look()
  await shelf.look()
  expect(shelf.started.map(({ isAlive }) => isAlive)).toEqual([false, false, true, true, true])
  const gate = Promise.withResolvers<void>()
  shelf.gate = gate.promise
  shelf.spares.retire('gemini')
  await shelf.look()
  expect(shelf.spares.retire('gemini')).toBe(1)
  gate.resolve()
  await shelf.look()
  await shelf.look()
  expect([shelf.alive, shelf.spares.ready]).toEqual([['claude', 'claude', 'gemini'], 3])
})
