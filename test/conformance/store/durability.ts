// What is there after the store was closed and opened again.

import { describe, expect, test } from 'vitest'

import type { OpenStore } from '../store-conformance.ts'
import { newLease, newPermission, newTurn, NODE, NOW, ownSession, range, readAll, write } from './records.ts'

export function durabilityTests(openStore: OpenStore): void {
  describe('after a reopen', () => {
    test('everything that was committed is there', async () => {
      await using under = await openStore()
      const { fence } = await ownSession(under.store, { key: 'kept' })
      const turn = newTurn(fence, 1)
      const permission = newPermission(fence)
      await under.store.commit(fence, 'promise', [write.turn(turn), write.permission(permission), write.event()])
      await under.store.commit(
        fence,
        'batch',
        range(3, 40).map(() => write.event()),
      )
      const lease = await under.store.insertLease(newLease())
      const session = await under.store.findSession('kept')
      const instance = under.store.instanceNumber()

      const store = await under.reopen()
      expect(await store.findSession('kept')).toEqual(session)
      expect(await store.findTurn(turn.id)).toEqual(turn)
      expect(await store.findPermission(permission.id)).toEqual(permission)
      expect(await store.listLeases(['spawning'])).toEqual([lease])
      expect(await readAll(store, fence.sessionNo)).toEqual(range(1, 40))
      expect(store.instanceNumber()).toBe(instance)
      expect(await store.verify()).toEqual([])
    })

    test('the node has the next epoch and its sessions can be taken over', async () => {
      await using under = await openStore()
      const { fence } = await ownSession(under.store)
      const store = await under.reopen()
      expect(await store.openNode(NODE, NOW)).toEqual({ id: NODE, epoch: 2, startedAt: NOW })
      const { epoch } = await store.acquireSession(fence.sessionNo, NODE)
      expect(epoch).toBe(fence.epoch + 1)
      expect(await store.commit({ ...fence, epoch }, 'promise', [write.event()])).toMatchObject([{ seq: 2 }])
    })

    test('what was asked for before the close is committed, what comes later is refused', async () => {
      await using under = await openStore()
      const { fence } = await ownSession(under.store)
      const asked = range(1, 20).map(() => under.store.commit(fence, 'batch', [write.event()]))
      const store = await under.reopen()
      await Promise.all(asked)
      await expect(under.store.commit(fence, 'batch', [write.event()])).rejects.toMatchObject({ code: 'STORE_FAILED' })
      expect(await readAll(store, fence.sessionNo)).toEqual(range(1, 21))
    })

    test('the instance number has 24 bits and differs between databases', async () => {
      const numbers = new Set<number>()
      for (let i = 0; i < 3; i++) {
        await using under = await openStore()
        numbers.add(under.store.instanceNumber())
      }
      expect(numbers.size).toBe(3)
      for (const number of numbers) expect(number > 0 && number < 2 ** 24).toBe(true)
    })
  })
}
