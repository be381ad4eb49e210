// Turns: one outcome each, one active turn per session, idempotency keys, what is read back.

import { describe, expect, test } from 'vitest'

import type { TurnId } from '../../../src/base/ids.ts'
import type { SessionWrite, TurnAmendment } from '../../../src/store/store.ts'
import type { OpenStore } from '../store-conformance.ts'
import { newTurn, NOW, outcome, ownSession, range, write } from './records.ts'

export function turnTests(openStore: OpenStore): void {
  describe('turns', () => {
    outcomeTests(openStore)
    activeTests(openStore)
    keyTests(openStore)
    readTests(openStore)
  })
}

function outcomeTests(openStore: OpenStore): void {
  test('a turn has one outcome: the second is refused and the first stays', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const turn = newTurn(fence, 1)
    await store.commit(fence, 'promise', [write.turn(turn), write.end(turn.id)])
    const second = store.commit(fence, 'promise', [write.end(turn.id, { state: 'failed' }), write.event()])
    await expect(second).rejects.toMatchObject({ code: 'TURN_NOT_ACTIVE', details: { state: 'completed' } })
    expect(await store.findTurn(turn.id)).toMatchObject({ state: 'completed', outcome: outcome() })
    expect(await store.lastSeq(fence.sessionNo)).toBe(1)
  })

  test('of two ends in one instant the first wins', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const turn = newTurn(fence, 1)
    await store.commit(fence, 'batch', [write.turn(turn)])
    const ends = [write.end(turn.id, { state: 'cancelled' }), write.end(turn.id, { state: 'failed' })]
    const results = await Promise.allSettled(ends.map((end) => store.commit(fence, 'promise', [end])))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(await store.findTurn(turn.id)).toMatchObject({ state: 'cancelled', outcome: { state: 'cancelled' } })
  })

  test('a turn that has ended does not change', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const turn = newTurn(fence, 1)
    await store.commit(fence, 'batch', [write.turn(turn), write.end(turn.id)])
    const patch = store.commit(fence, 'batch', [{ kind: 'turn.patch', turnId: turn.id, patch: { state: 'running' } }])
    await expect(patch).rejects.toMatchObject({ code: 'TURN_NOT_ACTIVE' })
  })

  test('a turn of another session cannot be changed under this fence', async () => {
    await using under = await openStore()
    const { store } = under
    const mine = await ownSession(store)
    const other = await ownSession(store)
    const turn = newTurn(other.fence, 1)
    await store.commit(other.fence, 'batch', [write.turn(turn)])
    const writes: SessionWrite[] = [
      { kind: 'turn.patch', turnId: turn.id, patch: { delivery: 'yes' } },
      write.end(turn.id),
    ]
    for (const one of writes) {
      await expect(store.commit(mine.fence, 'batch', [one])).rejects.toMatchObject({ code: 'TURN_NOT_FOUND' })
    }
    await expect(store.commit(mine.fence, 'batch', [write.turn(newTurn(other.fence, 2))])).rejects.toThrow('fence')
    expect(await store.findTurn(turn.id)).toEqual(turn)
  })
}

function activeTests(openStore: OpenStore): void {
  test.each(['dispatching', 'running'] as const)('beside a %s turn no other can be active', async (state) => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const [first, second] = [newTurn(fence, 1), newTurn(fence, 2)]
    await store.commit(fence, 'batch', [write.turn(first), write.turn(second)])
    const activate = (turnId: typeof first.id): SessionWrite[] => [{ kind: 'turn.patch', turnId, patch: { state } }]
    await store.commit(fence, 'batch', activate(first.id))
    await expect(store.commit(fence, 'batch', activate(second.id))).rejects.toThrow('rule of the schema')
    expect(await store.findTurn(second.id)).toMatchObject({ state: 'queued' })
    await store.commit(fence, 'batch', [write.end(first.id), ...activate(second.id)])
    expect(await store.findTurn(second.id)).toMatchObject({ state })
  })

  test('two sessions have an active turn each', async () => {
    await using under = await openStore()
    for (const { fence } of [await ownSession(under.store), await ownSession(under.store)]) {
      await under.store.commit(fence, 'batch', [write.turn(newTurn(fence, 1, { state: 'running' }))])
    }
    expect(await under.store.counts()).toMatchObject({ turnsActive: 2, turnsQueued: 0 })
  })
}

function keyTests(openStore: OpenStore): void {
  test('an idempotency key names one turn of a session', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const first = newTurn(fence, 1, { idempotencyKey: 'once' })
    await store.commit(fence, 'promise', [write.turn(first)])
    const again = newTurn(fence, 2, { idempotencyKey: 'once' })
    const second = store.commit(fence, 'promise', [write.turn(again), write.event()])
    await expect(second).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
    expect(await store.findTurnByKey(fence.sessionNo, 'once')).toEqual(first)
    expect(await store.findTurnByKey(fence.sessionNo, 'other')).toBeUndefined()
    const other = await ownSession(store)
    await store.commit(other.fence, 'promise', [write.turn(newTurn(other.fence, 1, { idempotencyKey: 'once' }))])
  })

  test('an accept number names one turn of a session', async () => {
    await using under = await openStore()
    const { fence } = await ownSession(under.store)
    await under.store.commit(fence, 'batch', [write.turn(newTurn(fence, 1))])
    const second = under.store.commit(fence, 'batch', [write.turn(newTurn(fence, 1))])
    await expect(second).rejects.toThrow('rule of the schema')
  })
}

function readTests(openStore: OpenStore): void {
  test('a turn is read back as it was written, patched and ended', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const turn = newTurn(fence, 3, { idempotencyKey: 'k', onInterrupt: 'retry', expiresAt: NOW + 9, origin: 'retry' })
    await store.commit(fence, 'promise', [write.turn(turn)])
    expect(await store.findTurn(turn.id)).toEqual(turn)
    expect(await store.findSessionByNo(fence.sessionNo)).toMatchObject({ lastTurnN: 3 })
    const patch = {
      state: 'running',
      delivery: 'yes',
      generation: 2,
      dispatchedAt: NOW + 1,
      runningAt: NOW + 2,
      cancelling: { reason: 'user', graceAt: NOW + 3 },
    } as const
    await store.commit(fence, 'batch', [{ kind: 'turn.patch', turnId: turn.id, patch }])
    expect(await store.findTurn(turn.id)).toEqual({ ...turn, ...patch, place: 0 })
    const end = outcome({
      state: 'failed',
      forced: true,
      stopReason: undefined,
      error: { code: 'AGENT_EXITED', message: 'gone', details: { exit: 1 } },
      usage: { totalTokens: 12 },
    })
    await store.commit(fence, 'promise', [{ kind: 'turn.end', turnId: turn.id, outcome: end }])
    expect(await store.findTurn(turn.id)).toEqual({
      ...turn,
      ...patch,
      place: undefined,
      state: 'failed',
      outcome: end,
    })
  })

  test('a turn that goes back to the queue has nothing left of its dispatch', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const turn = newTurn(fence, 1)
    const cancelling = { reason: 'drain', graceAt: NOW + 3 } as const
    const out = { state: 'dispatching', delivery: 'unknown', generation: 2, dispatchedAt: NOW, cancelling } as const
    const back = { state: 'queued', delivery: 'no', place: -7 } as const
    await store.commit(fence, 'promise', [
      write.turn(turn),
      { kind: 'turn.patch', turnId: turn.id, patch: out },
      { kind: 'turn.patch', turnId: turn.id, patch: back },
    ])
    expect(await store.findTurn(turn.id)).toEqual({ ...turn, place: -7 })
  })

  test('a turn that waits can be changed, and one that is out or has ended cannot', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const turn = newTurn(fence, 1, { prompt: 'x'.repeat(2_000), expiresAt: NOW })
    const other = newTurn(fence, 2, { prompt: 'short', deadlineMs: 5_000, lane: 'background' })
    const amend = (turnId: TurnId, amendment: TurnAmendment) => ({ kind: 'turn.amend', turnId, amendment }) as const
    await store.commit(fence, 'promise', [write.turn(turn), write.turn(other)])
    await store.commit(fence, 'promise', [
      amend(turn.id, { prompt: 'short now', expiresAt: null }),
      amend(other.id, { prompt: 'y'.repeat(2_000), expiresAt: NOW + 5, place: -1 }),
    ])
    expect(await store.findTurn(turn.id)).toEqual({ ...turn, prompt: 'short now', expiresAt: undefined })
    const amended = { ...other, prompt: 'y'.repeat(2_000), expiresAt: NOW + 5, place: -1 }
    expect(await store.listUnsettledTurns(fence.sessionNo)).toMatchObject([amended, { id: turn.id }])
    await store.commit(fence, 'promise', [{ kind: 'turn.patch', turnId: turn.id, patch: { state: 'dispatching' } }])
    const late = store.commit(fence, 'promise', [amend(turn.id, { prompt: 'late' })])
    await expect(late).rejects.toMatchObject({ code: 'TURN_NOT_QUEUED' })
    await store.commit(fence, 'promise', [{ kind: 'turn.end', turnId: other.id, outcome: outcome() }])
    const later = store.commit(fence, 'promise', [amend(other.id, { place: 9 })])
    await expect(later).rejects.toMatchObject({ code: 'TURN_NOT_ACTIVE' })
  })

  test.each([0, 511, 512, 513, 100_000])('a prompt of %i characters is read back whole', async (length) => {
    await using under = await openStore()
    const { fence } = await ownSession(under.store)
    const turn = newTurn(fence, 1, { prompt: JSON.stringify('é'.repeat(length)) })
    await under.store.commit(fence, 'promise', [write.turn(turn)])
    expect(await under.store.findTurn(turn.id)).toEqual(turn)
  })

  test('pages of turns go back from the newest', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    await store.commit(
      fence,
      'batch',
      range(1, 7).map((n) => write.turn(newTurn(fence, n))),
    )
    const first = await store.listTurns(fence.sessionNo, { limit: 3 })
    const second = await store.listTurns(fence.sessionNo, { limit: 9, before: first.at(-1)!.n })
    expect([first, second].map((page) => page.map(({ n }) => n))).toEqual([
      [7, 6, 5],
      [4, 3, 2, 1],
    ])
  })

  test('unsettled turns come in accept order, whatever the order they were written in', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const turns = [3, 1, 4, 2].map((n) => newTurn(fence, n, n === 1 ? { state: 'running' } : {}))
    await store.commit(fence, 'batch', turns.map(write.turn))
    await store.commit(fence, 'batch', [write.end(turns[3]!.id)])
    expect((await store.listUnsettledTurns(fence.sessionNo)).map(({ n }) => n)).toEqual([1, 3, 4])
    expect(await store.counts()).toMatchObject({ turnsActive: 1, turnsQueued: 2 })
  })
}
