// Fences: who no longer owns a session, or is an older life of the node, changes no row.

import { describe, expect, test } from 'vitest'

import type { OpenStore } from '../store-conformance.ts'
import { newLease, newSession, newTurn, NODE, NOW, ownSession, write } from './records.ts'

export function fenceTests(openStore: OpenStore): void {
  describe('fence', () => {
    test('an old session epoch changes nothing', async () => {
      await using under = await openStore()
      const { store } = under
      const { fence } = await ownSession(store)
      const now = await store.acquireSession(fence.sessionNo, NODE)
      const turn = newTurn(fence, 1)
      const late = store.commit(fence, 'promise', [write.turn(turn), write.event()])
      await expect(late).rejects.toMatchObject({ code: 'LEASE_LOST' })
      expect(await store.findTurn(turn.id)).toBeUndefined()
      expect(await store.findSessionByNo(fence.sessionNo)).toEqual(now)
      expect(await store.lastSeq(fence.sessionNo)).toBe(1)
    })

    test('an old session epoch is refused after commits of its own and of its successor', async () => {
      await using under = await openStore()
      const { store } = under
      const { fence } = await ownSession(store)
      await store.commit(fence, 'batch', [write.event()])
      const { epoch } = await store.acquireSession(fence.sessionNo, NODE)
      await store.commit({ ...fence, epoch }, 'batch', [write.event()])
      await expect(store.commit(fence, 'batch', [write.event()])).rejects.toMatchObject({ code: 'LEASE_LOST' })
      expect(await store.commit({ ...fence, epoch }, 'batch', [write.event()])).toMatchObject([{ seq: 4 }])
    })

    test('an older life of the node can write nothing at all', async () => {
      await using under = await openStore()
      const { store } = under
      const { fence } = await ownSession(store)
      const lease = await store.insertLease(newLease())
      const rival = await under.openRival()
      const life = await rival.openNode(NODE, NOW)
      expect(life.epoch).toBe(2)
      const refused = { code: 'LEASE_LOST' }
      await expect(store.commit(fence, 'promise', [write.event()])).rejects.toMatchObject(refused)
      await expect(store.createSession(newSession())).rejects.toMatchObject(refused)
      await expect(store.acquireSession(fence.sessionNo, NODE)).rejects.toMatchObject(refused)
      await expect(store.insertLease(newLease())).rejects.toMatchObject(refused)
      await expect(store.updateLease(lease.id, { state: 'running' }, NOW)).rejects.toMatchObject(refused)
      expect(await rival.lastSeq(fence.sessionNo)).toBe(1)
      expect(await rival.listLeases(['spawning', 'running'])).toEqual([lease])
    })

    test('the new life writes on where the old one ended', async () => {
      await using under = await openStore()
      const { fence } = await ownSession(under.store)
      await under.store.commit(fence, 'batch', [write.event()])
      const rival = await under.openRival()
      await rival.openNode(NODE, NOW)
      const { epoch } = await rival.acquireSession(fence.sessionNo, NODE)
      expect(await rival.commit({ ...fence, epoch }, 'batch', [write.event()])).toMatchObject([{ seq: 3 }])
      expect(await rival.verify()).toEqual([])
    })

    test.each([
      ['of another node', { node: 'elsewhere' }],
      ['with an epoch that was never given', { epoch: 9 }],
      ['of a session that does not exist', { sessionNo: 99 }],
    ])('a fence %s is refused', async (_, parts) => {
      await using under = await openStore()
      const { fence } = await ownSession(under.store)
      const commit = under.store.commit({ ...fence, ...parts }, 'batch', [write.event()])
      await expect(commit).rejects.toMatchObject({ code: 'LEASE_LOST' })
      expect(await under.store.lastSeq(fence.sessionNo)).toBe(1)
    })

    test('a session that nobody has acquired belongs to nobody', async () => {
      await using under = await openStore()
      const { no, epoch, node } = await under.store.createSession(newSession())
      expect({ epoch, node }).toEqual({ epoch: 0, node: '' })
      for (const owner of ['', NODE]) {
        const commit = under.store.commit({ sessionNo: no, node: owner, epoch }, 'batch', [write.event()])
        await expect(commit).rejects.toMatchObject({ code: 'LEASE_LOST' })
      }
    })

    test('acquiring raises the epoch by one and names the node', async () => {
      await using under = await openStore()
      const { no } = await under.store.createSession(newSession())
      await under.store.acquireSession(no, NODE)
      expect(await under.store.acquireSession(no, NODE)).toMatchObject({ no, node: NODE, epoch: 2 })
      await expect(under.store.acquireSession(99, NODE)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
    })
  })
}
