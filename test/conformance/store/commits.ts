// Commits: gapless numbers under concurrency, all or nothing, each caller for itself.

import { describe, expect, test } from 'vitest'

import type { SessionWrite } from '../../../src/store/store.ts'
import type { OpenStore } from '../store-conformance.ts'
import { newEvent, newSession, newTurn, NOW, outcome, ownSession, range, readAll, write } from './records.ts'

export function commitTests(openStore: OpenStore): void {
  describe('commit', () => {
    sequenceTests(openStore)
    lineTests(openStore)
    atomicityTests(openStore)
    textTests(openStore)
  })
}

/** The position in the output of a session's agent. */
function lineTests(openStore: OpenStore): void {
  const line = (number: number): SessionWrite => ({ kind: 'agent.line', line: number })

  test('the greatest line of a commit is stored with it; a commit without one changes nothing', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence, session } = await ownSession(store)
    const lineOf = async () => (await store.findSessionByNo(session.no))?.agentLine
    expect(await lineOf()).toBe(undefined)
    const ready = { kind: 'session.patch', patch: { agentCapabilities: '{"a":1}' } } as const
    await store.commit(fence, 'batch', [line(3), ready, line(9), write.event(), line(7)])
    await store.commit(fence, 'batch', [write.event()])
    expect(await store.findSessionByNo(session.no)).toMatchObject({ agentLine: 9, agentCapabilities: '{"a":1}' })
    await store.commit(fence, 'batch', [line(10), { kind: 'session.patch', patch: { agentLine: null } }])
    expect(await lineOf()).toBe(undefined)
  })

  test('a commit that is refused leaves the line where it was', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence, session } = await ownSession(store)
    await store.commit(fence, 'batch', [write.event(), line(3)])
    const closing = { kind: 'turn.end', turnId: newTurn(fence, 1).id, outcome: outcome() } as const
    await expect(store.commit(fence, 'batch', [line(4), closing])).rejects.toMatchObject({ code: 'TURN_NOT_FOUND' })
    expect(await store.findSessionByNo(session.no)).toMatchObject({ agentLine: 3 })
  })
}

function sequenceTests(openStore: OpenStore): void {
  test('a session begins with the event session.created', async () => {
    await using under = await openStore()
    const session = await under.store.createSession(newSession({ key: 'mine' }))
    expect(session.lastSeq).toBe(1)
    const [event] = await under.store.readEvents(session.no, 0, 10)
    expect(event).toMatchObject({ seq: 1, type: 'session.created', turnId: undefined, at: NOW })
    expect(JSON.parse(event!.data)).toMatchObject({ key: 'mine', agent: 'echo', cwd: '/work' })
  })

  test('eight writers at once leave no gap and no double, and each gets the numbers of its own events', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const wrote: { seq: number; data: string }[] = []
    const writer = async (name: number): Promise<void> => {
      for (let i = 0; i < 25; i++) {
        const durability = (name + i) % 5 === 0 ? 'promise' : 'batch'
        const events = range(0, i % 4).map((part) => write.event({ name, i, part }))
        wrote.push(...(await store.commit(fence, durability, events)))
      }
    }
    await Promise.all(range(1, 8).map(writer))
    const stored = await store.readEvents(fence.sessionNo, 1, 10_000)
    expect(stored.map(({ seq }) => seq)).toEqual(range(2, stored.length + 1))
    expect(stored).toEqual(wrote.toSorted((a, b) => a.seq - b.seq))
    expect(await store.findSessionByNo(fence.sessionNo)).toMatchObject({ lastSeq: stored.length + 1 })
    expect(await store.verify()).toEqual([])
  })

  test('commits resolve in the order of their numbers', async () => {
    await using under = await openStore()
    const { fence } = await ownSession(under.store)
    const seen: number[] = []
    const commit = async (): Promise<void> => {
      for (const { seq } of await under.store.commit(fence, 'batch', [write.event()])) seen.push(seq)
    }
    await Promise.all(range(1, 40).map(commit))
    expect(seen).toEqual(range(2, 41))
  })

  test.each([1, 3, 4, 16, 63, 64, 65, 150, 700])('%i events of one commit are stored in order', async (count) => {
    await using under = await openStore()
    const { fence } = await ownSession(under.store)
    const events = await under.store.commit(
      fence,
      'batch',
      range(1, count).map((i) => write.event({ i })),
    )
    expect(events).toEqual(range(1, count).map((i) => ({ ...newEvent({ i }), seq: i + 1 })))
    expect(await under.store.readEvents(fence.sessionNo, 1, 1_000)).toEqual(events)
    expect(await under.store.verify()).toEqual([])
  })

  test('pages of events begin after the cursor and are as long as asked', async () => {
    await using under = await openStore()
    const { fence } = await ownSession(under.store)
    await under.store.commit(
      fence,
      'batch',
      range(2, 50).map(() => write.event()),
    )
    expect((await under.store.readEvents(fence.sessionNo, 10, 5)).map(({ seq }) => seq)).toEqual(range(11, 15))
    expect(await under.store.readEvents(fence.sessionNo, 50, 5)).toEqual([])
    expect(await readAll(under.store, fence.sessionNo, 7)).toEqual(range(1, 50))
  })

  test('a commit without events moves nothing but is fenced', async () => {
    await using under = await openStore()
    const { fence } = await ownSession(under.store)
    expect(await under.store.commit(fence, 'batch', [])).toEqual([])
    const stale = under.store.commit({ ...fence, epoch: 0 }, 'batch', [])
    await expect(stale).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })
}

function atomicityTests(openStore: OpenStore): void {
  test('one refused write undoes all of its commit and nothing of the others in the same instant', async () => {
    await using under = await openStore()
    const { store } = under
    const mine = await ownSession(store)
    const other = await ownSession(store)
    const ended = newTurn(mine.fence, 1)
    await store.commit(mine.fence, 'batch', [write.turn(ended), write.end(ended.id)])
    const [before, bad, after] = [newTurn(mine.fence, 2), newTurn(mine.fence, 3), newTurn(mine.fence, 4)]
    const results = await Promise.allSettled([
      store.commit(mine.fence, 'batch', [write.turn(before), write.event('before')]),
      store.commit(mine.fence, 'promise', [write.turn(bad), write.event('bad'), write.end(ended.id)]),
      store.commit(other.fence, 'batch', [write.event('other')]),
      store.commit({ ...mine.fence, epoch: 0 }, 'batch', [write.event('stale')]),
      store.commit(mine.fence, 'batch', [write.turn(after), write.event('after')]),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect((await store.listTurns(mine.fence.sessionNo, { limit: 9 })).map(({ n }) => n)).toEqual([4, 2, 1])
    const events = await store.readEvents(mine.fence.sessionNo, 1, 10)
    expect(events.map(({ seq, data }) => [seq, data])).toEqual([
      [2, '"before"'],
      [3, '"after"'],
    ])
    expect(await store.lastSeq(other.fence.sessionNo)).toBe(2)
    expect(await store.verify()).toEqual([])
  })

  test('a refused commit that was alone leaves nothing and uses no number', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const turn = newTurn(fence, 1)
    const bad = store.commit(fence, 'promise', [write.event(), write.turn(turn), write.turn(turn)])
    await expect(bad).rejects.toThrow('rule of the schema')
    expect(await store.findTurn(turn.id)).toBeUndefined()
    expect(await store.commit(fence, 'batch', [write.event()])).toMatchObject([{ seq: 2 }])
    expect(await store.verify()).toEqual([])
  })

  test('what a commit wrote is read as soon as it resolves', async () => {
    await using under = await openStore()
    const { fence } = await ownSession(under.store)
    for (let i = 2; i < 30; i++) {
      await under.store.commit(fence, 'batch', [write.event()])
      expect(await under.store.lastSeq(fence.sessionNo)).toBe(i)
    }
  })

  test('readers see whole commits only', async () => {
    await using under = await openStore()
    const { fence } = await ownSession(under.store)
    const progress = { isWriting: true }
    const write5 = () => under.store.commit(fence, 'batch', events5)
    const events5 = range(1, 5).map(() => write.event())
    const writing = range(1, 60)
      .reduce((before) => before.then(write5), write5())
      .finally(() => (progress.isWriting = false))
    const seen = new Set<number>()
    while (progress.isWriting) {
      seen.add((await under.store.lastSeq(fence.sessionNo)) % 5)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await writing
    expect([...seen]).toEqual([1])
  })
}

function textTests(openStore: OpenStore): void {
  test.each([
    ['NUL', 'a\0b\0'],
    ['a lone surrogate', '\ud800x\udfff'],
    ['characters beyond 16 bits', '😀𝒳'],
    ['quotes and control characters', '"\\\u0001\u2028\r\n\t'],
    ['a megabyte', 'x'.repeat(1024 * 1024)],
  ])('%s in an event, a prompt and a tool call is read back byte for byte', async (_, text) => {
    await using under = await openStore()
    const { fence } = await ownSession(under.store)
    const json = JSON.stringify({ text })
    const turn = newTurn(fence, 1, { prompt: json })
    await under.store.commit(fence, 'promise', [write.turn(turn), write.event({ text }, turn.id)])
    const [event] = await under.store.readEvents(fence.sessionNo, 1, 1)
    expect(event!.data).toBe(json)
    expect((await under.store.findTurn(turn.id))!.prompt).toBe(json)
    expect(await under.store.verify()).toEqual([])
  })
}
