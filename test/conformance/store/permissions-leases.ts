// Permission requests: the first answer wins. Process leases: intent, updates, lists.

import { describe, expect, test } from 'vitest'

import type { PermissionState } from '../../../src/store/records.ts'
import type { SessionWrite } from '../../../src/store/store.ts'
import type { OpenStore } from '../store-conformance.ts'
import { newLease, newPermission, NOW, ownSession, write } from './records.ts'

type Closing = Extract<SessionWrite, { kind: 'permission.close' }>

export function permissionAndLeaseTests(openStore: OpenStore): void {
  describe('permission requests', () => {
    permissionTests(openStore)
  })
  describe('leases', () => {
    leaseTests(openStore)
  })
}

function permissionTests(openStore: OpenStore): void {
  test('the first answer wins', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const permission = newPermission(fence)
    await store.commit(fence, 'promise', [write.permission(permission)])
    expect(await store.findPermission(permission.id)).toEqual(permission)
    const answers = ['allow', 'reject'].map((optionId) => close(permission.id, { optionId, answeredBy: 'me' }))
    const results = await Promise.allSettled(answers.map((answer) => store.commit(fence, 'promise', [answer])))
    expect(results).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'PERMISSION_CLOSED' } }])
    const answered = { ...permission, state: 'answered', optionId: 'allow', answeredBy: 'me', closedAt: NOW + 1 }
    expect(await store.findPermission(permission.id)).toEqual(answered)
  })

  test.each([7, 0, -1, 'r-1', '', '7', null])(
    'the id %j of a request is read back as it was, with its line',
    async (id) => {
      await using under = await openStore()
      const { fence } = await ownSession(under.store)
      const permission = newPermission(fence, { requestId: id, line: 120 })
      await under.store.commit(fence, 'promise', [write.permission(permission)])
      expect(await under.store.findPermission(permission.id)).toEqual(permission)
    },
  )

  test('a request that does not exist or is of another session cannot be closed', async () => {
    await using under = await openStore()
    const { store } = under
    const [mine, other] = [await ownSession(store), await ownSession(store)]
    const permission = newPermission(other.fence)
    await store.commit(other.fence, 'batch', [write.permission(permission)])
    for (const id of [permission.id, newPermission(mine.fence).id]) {
      const answer = store.commit(mine.fence, 'batch', [close(id)])
      await expect(answer).rejects.toMatchObject({ code: 'PERMISSION_NOT_FOUND' })
    }
    expect(await store.findPermission(permission.id)).toEqual(permission)
  })

  test('lists are filtered by session and state, newest first, and bounded', async () => {
    await using under = await openStore()
    const { store } = under
    const sessions = [await ownSession(store), await ownSession(store)]
    const all = sessions.flatMap(({ fence }) => [1, 2, 3, 4].map(() => newPermission(fence)))
    for (const [i, permission] of all.entries()) {
      const { fence } = sessions.find((one) => one.fence.sessionNo === permission.sessionNo)!
      const closing = i % 2 === 0 ? [close(permission.id)] : []
      await store.commit(fence, 'batch', [write.permission(permission), ...closing])
    }
    const newest = all.toReversed()
    for (const no of [undefined, ...sessions.map(({ fence }) => fence.sessionNo)]) {
      for (const state of [undefined, 'open', 'answered', 'void'] as const) {
        const wanted = newest
          .filter((one) => no === undefined || one.sessionNo === no)
          .filter((one) => {
            const now: PermissionState = all.indexOf(one) % 2 === 0 ? 'answered' : 'open'
            return state === undefined || state === now
          })
        const filter = { ...(no !== undefined && { sessionNo: no }), ...(state && { state }) }
        const found = await store.listPermissions(filter, 100)
        expect({ filter, ids: found.map(({ id }) => id) }).toEqual({ filter, ids: wanted.map(({ id }) => id) })
        expect(await store.listPermissions(filter, 2)).toEqual(found.slice(0, 2))
      }
    }
    expect(await store.counts()).toMatchObject({ permissionsOpen: 4 })
  })
}

function leaseTests(openStore: OpenStore): void {
  test('an intent gets an id of its own and is read back', async () => {
    await using under = await openStore()
    const { store } = under
    const leases = [await store.insertLease(newLease()), await store.insertLease(newLease({ generation: 2 }))]
    expect(new Set(leases.map(({ id }) => id)).size).toBe(2)
    expect(leases[0]).toEqual({ ...newLease(), id: leases[0]!.id, updatedAt: NOW })
    expect(await store.listLeases(['spawning', 'running', 'spawning'])).toEqual(leases)
    expect(await store.listLeases([])).toEqual([])
  })

  test('an update changes what it names', async () => {
    await using under = await openStore()
    const { store } = under
    const lease = await store.insertLease(newLease())
    await store.updateLease(lease.id, { state: 'running', pid: 42, startTicks: '777' }, NOW + 1)
    const running = { ...lease, state: 'running', pid: 42, startTicks: '777', updatedAt: NOW + 1 }
    expect(await store.listLeases(['running'])).toEqual([running])
    await store.updateLease(lease.id, { state: 'closed', exit: 'code 0' }, NOW + 2)
    expect(await store.listLeases(['running', 'spawning'])).toEqual([])
    expect(await store.listLeases(['closed'])).toEqual([
      { ...running, state: 'closed', exit: 'code 0', updatedAt: NOW + 2 },
    ])
  })

  test('an update of a lease that does not exist is a bug of ours', async () => {
    await using under = await openStore()
    await expect(under.store.updateLease(99, { state: 'closed' }, NOW)).rejects.toThrow('no lease 99')
  })
}

function close(permissionId: Closing['permissionId'], parts: Partial<Closing> = {}): Closing {
  return { kind: 'permission.close', permissionId, state: 'answered', closedAt: NOW + 1, ...parts }
}
