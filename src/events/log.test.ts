import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { EventRecord } from '../store/records.ts'
import type { EventLog, EventStream } from './event-log.ts'
import { createEventLog } from './log.ts'

const NO = 7

describe('a subscriber', () => {
  test('replays what is stored, then follows what is published', async () => {
    const { log, append } = openLog(3)
    using stream = log.subscribe(NO, 1)
    const reader = stream[Symbol.asyncIterator]()
    expect(seqs(await reader.next())).toEqual([2, 3])
    const next = reader.next()
    append(2)
    expect(seqs(await next)).toEqual([4, 5])
  })

  test('that follows is given the published batch itself', async () => {
    const { log, append } = openLog(0)
    using first = log.subscribe(NO, 0)
    using second = log.subscribe(NO, 0)
    const waiting = [first, second].map((stream) => stream[Symbol.asyncIterator]().next())
    await settled()
    const batch = append(2)
    const results = await Promise.all(waiting)
    expect(results.map((result) => result.value === batch)).toEqual([true, true])
  })

  test('that is slow is served from the store and holds one batch at most', async () => {
    const { log, append, reads } = openLog(0)
    using stream = log.subscribe(NO, 0)
    const reader = stream[Symbol.asyncIterator]()
    const first = reader.next()
    await settled()
    append(1)
    await first
    const held = append(1)
    for (let i = 0; i < 50; i++) append(1)
    const readsBefore = reads()
    expect((await reader.next()).value).toBe(held)
    expect(reads()).toBe(readsBefore)
    expect(seqs(await reader.next())).toEqual(range(3, 52))
    expect(reads()).toBe(readsBefore + 1)
  })

  test('that is to finish gets everything that is stored, however slow it was, and then the end', async () => {
    const { log, append } = openLog(0)
    using stream = log.subscribe(NO, 0)
    const reader = stream[Symbol.asyncIterator]()
    const first = reader.next()
    await settled()
    append(1)
    await first
    for (let i = 0; i < 10; i++) append(1)
    stream.finish()
    expect(seqs(await reader.next())).toEqual([2])
    expect(seqs(await reader.next())).toEqual(range(3, 11))
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  test('that waits for news is ended when it is to finish', async () => {
    const { log } = openLog(1)
    using stream = log.subscribe(NO, 1)
    const next = stream[Symbol.asyncIterator]().next()
    await settled()
    stream.finish()
    expect(await next).toEqual({ done: true, value: undefined })
  })

  test('that has caught up reads the store no more', async () => {
    const { log, append, reads } = openLog(2)
    using stream = log.subscribe(NO, 0)
    const reader = stream[Symbol.asyncIterator]()
    await reader.next()
    for (let i = 0; i < 20; i++) {
      const next = reader.next()
      await settled()
      append(1)
      await next
    }
    expect(reads()).toBe(2) // the events, and the empty page that is the end
  })

  test('that has read events before they were published does not look for them again', async () => {
    const { log, reads } = openLog(2)
    using stream = log.subscribe(NO, 0)
    const reader = stream[Symbol.asyncIterator]()
    await reader.next()
    log.publish(NO, [event(1), event(2)])
    const next = reader.next()
    await settled()
    log.publish(NO, [event(3)])
    expect(seqs(await next)).toEqual([3])
    expect(reads()).toBe(2) // the events, and the empty page that is the end
  })

  test('whose cursor is ahead of the log is given only what comes after the cursor', async () => {
    const { log, append } = openLog(3)
    using stream = log.subscribe(NO, 5)
    const next = stream[Symbol.asyncIterator]().next()
    await settled()
    append(1)
    append(3)
    expect(seqs(await next)).toEqual([6, 7])
  })

  test('is given pages of 500 while it replays', async () => {
    const { log } = openLog(1_100)
    using stream = log.subscribe(NO, 0)
    const reader = stream[Symbol.asyncIterator]()
    const sizes = [await reader.next(), await reader.next(), await reader.next()].map((result) => seqs(result).length)
    expect(sizes).toEqual([500, 500, 100])
  })

  test('hears nothing of another session', async () => {
    const { log } = openLog(0)
    using stream = log.subscribe(NO, 0)
    const next = stream[Symbol.asyncIterator]().next()
    await settled()
    log.publish(NO + 1, [event(1)])
    const winner = await Promise.race([next.then(() => 'event'), settled().then(() => 'nothing')])
    expect(winner).toBe('nothing')
  })

  test.each([
    ['disposed', (stream: EventStream, _abort: AbortController) => stream[Symbol.dispose]()],
    ['aborted', (_stream: EventStream, abort: AbortController) => abort.abort()],
  ])('that waits ends when %s, and the log forgets it', async (_, end) => {
    const { log, append, reads } = openLog(0)
    const abort = new AbortController()
    const stream = log.subscribe(NO, 0, abort.signal)
    const reader = stream[Symbol.asyncIterator]()
    const next = reader.next()
    await settled()
    end(stream, abort)
    expect(await next).toEqual({ done: true, value: undefined })
    append(1)
    expect(await reader.next()).toEqual({ done: true, value: undefined })
    expect(reads()).toBe(1)
  })

  test('with an aborted signal ends at once', async () => {
    const { log } = openLog(3)
    const stream = log.subscribe(NO, 0, AbortSignal.abort())
    expect(await stream[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  })

  test('ends when the store cannot be read', async () => {
    const log = createEventLog({ readEvents: () => Promise.reject(new Error('disk')) })
    const reader = log.subscribe(NO, 0)[Symbol.asyncIterator]()
    await expect(reader.next()).rejects.toThrow('disk')
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })
})

type Step =
  | { kind: 'commit'; size: number }
  | { kind: 'publish' }
  | { kind: 'subscribe'; back: number }
  | { kind: 'take'; reader: number }
  | { kind: 'answer'; read: number }
  | { kind: 'answerAndPublish'; ticks: number }
  | { kind: 'settle' }
  | { kind: 'dispose'; reader: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('commit' as const), size: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'publish' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('subscribe' as const), back: fc.oneof(fc.constant(0), fc.nat(900)) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('take' as const), reader: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('answer' as const), read: fc.nat(5) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('answerAndPublish' as const), ticks: fc.nat(6) }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'settle' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dispose' as const), reader: fc.nat(5) }) },
)

test('any schedule of commits, publications, reads and cuts gives each subscriber exactly the log after its cursor', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), async (steps) => {
      const world = new World()
      for (const one of steps) await world.run(one)
      await world.finish()
      for (const reader of world.readers) {
        const wanted = range(
          reader.after + 1,
          reader.isDisposed ? reader.got.length + reader.after : world.stored.length,
        )
        expect(reader.got).toEqual(wanted)
      }
    }),
    { numRuns: 1_000 },
  )
})

interface Reader {
  readonly after: number
  readonly stream: EventStream
  readonly got: number[]
  isTaking: boolean
  isDisposed: boolean
}

/** A store whose reads are answered when the schedule says so, with what was committed when they were asked. */
class World {
  readonly stored: EventRecord[] = []
  readonly readers: Reader[] = []
  readonly #unpublished: EventRecord[][] = []
  readonly #reads: (() => void)[] = []
  readonly #log: EventLog = createEventLog({
    readEvents: (_, after, limit) => {
      const page = this.stored.slice(after, after + limit)
      return new Promise((resolve) => this.#reads.push(() => resolve(page)))
    },
  })

  async run(one: Step): Promise<void> {
    switch (one.kind) {
      case 'commit':
        return this.#commit(one.size)
      case 'publish':
        return this.#publish()
      case 'subscribe':
        return this.#subscribe(Math.max(0, this.stored.length - one.back))
      case 'take':
        return this.#take(this.readers[one.reader])
      case 'answer':
        return this.#reads.splice(one.read, 1).forEach((answer) => answer())
      case 'answerAndPublish':
        return this.#answerAndPublish(one.ticks)
      case 'settle':
        return settled()
      case 'dispose':
        return this.#dispose(this.readers[one.reader])
      default:
        return one satisfies never
    }
  }

  /** Everything is published and every reader reads on until nothing moves any more. */
  async finish(): Promise<void> {
    while (this.#unpublished.length > 0) this.#publish()
    const left = (): number => this.readers.filter((reader) => !reader.isDisposed && !this.#isAtEnd(reader)).length
    for (let round = 0; left() > 0 && round < 1_000; round++) {
      for (const reader of this.readers) this.#take(reader)
      this.#reads.splice(0).forEach((answer) => answer())
      await settled()
    }
  }

  #isAtEnd(reader: Reader): boolean {
    return reader.got.length >= this.stored.length - reader.after
  }

  #commit(size: number): void {
    const batch = range(this.stored.length + 1, this.stored.length + size).map(event)
    this.stored.push(...batch)
    this.#unpublished.push(batch)
  }

  #publish(): void {
    const batch = this.#unpublished.shift()
    if (batch) this.#log.publish(NO, batch)
  }

  /** A publication may fall between any two microtasks of a reader whose page has come. */
  async #answerAndPublish(ticks: number): Promise<void> {
    this.#reads.shift()?.()
    for (let i = 0; i < ticks; i++) await Promise.resolve()
    this.#publish()
  }

  #subscribe(after: number): void {
    const stream = this.#log.subscribe(NO, after)
    this.readers.push({ after, stream, got: [], isTaking: false, isDisposed: false })
  }

  #take(reader: Reader | undefined): void {
    if (reader === undefined || reader.isTaking || reader.isDisposed) return
    reader.isTaking = true
    const take = async (): Promise<void> => {
      const { value } = await reader.stream[Symbol.asyncIterator]().next()
      reader.isTaking = false
      reader.got.push(...(value ?? []).map((one: EventRecord) => one.seq))
    }
    void take()
  }

  #dispose(reader: Reader | undefined): void {
    if (reader === undefined) return
    reader.isDisposed = true
    reader.stream[Symbol.dispose]()
  }
}

function openLog(count: number) {
  const stored = range(1, count).map(event)
  let reads = 0
  const log = createEventLog({
    readEvents: async (_, after, limit) => {
      reads += 1
      return stored.slice(after, after + limit)
    },
  })
  const append = (size: number): EventRecord[] => {
    const batch = range(stored.length + 1, stored.length + size).map(event)
    stored.push(...batch)
    log.publish(NO, batch)
    return batch
  }
  return { log, append, reads: () => reads }
}

function event(seq: number): EventRecord {
  return { seq, type: 'update', turnId: undefined, at: 0, data: '{}' }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)
}

function seqs(result: IteratorResult<readonly EventRecord[]>): number[] {
  return (result.value as readonly EventRecord[]).map(({ seq }) => seq)
}

/** Resolves when every microtask that is queued now has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
