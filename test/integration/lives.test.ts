// Two lives in one process on one database: what the first one still has in its hands cannot change a row of the second (G2).

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { Controls } from '../../src/life/controls.ts'
import { Lives } from '../../src/life/lives.ts'
import { Requests } from '../../src/life/requests.ts'
import { acquireInstanceLock } from '../../src/store/instance-lock.ts'
import { openSqliteStore } from '../../src/store/open-sqlite-store.ts'
import type { Fence, Store } from '../../src/store/store.ts'
import { newSession, newTurn, NODE, NOW, write } from '../conformance/store/records.ts'

const OWNER = { pid: process.pid, start: '1', boot: 'test', version: '0.0.0', since: 0 }
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** What a life of the gateway stands on, opened and closed in the order of the real one. */
interface Ground {
  readonly store: Store
  readonly fence: Fence
}

interface Rig extends AsyncDisposable {
  readonly first: Promise<Ground>
  readonly second: Promise<Ground>
}

/** `closes`: false for a life that forgets to close its database, which a real one does not. */
function twoLives(closes: boolean): Rig {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-lives-'))
  const grounds = [Promise.withResolvers<Ground>(), Promise.withResolvers<Ground>()]
  const requests = new Requests()
  const forgotten: Store[] = []
  let no = 0
  const lives: Lives = new Lives({
    requests,
    controls: new Controls(),
    log: () => silent,
    announce: () => {},
    checkConfig: () => {},
    chooseWay: () => ({ way: 'in-process', because: 'it is a test' }),
    startSuccessor: async () => ({ kind: 'unavailable', reason: 'it is a test' }),
    run: async (onReady) => {
      using _lock = await acquireInstanceLock(join(directory, 'instance.lock'), OWNER, { waitMs: 0 })
      const store = await openSqliteStore({ file: join(directory, 'store.db') })
      const node = await store.openNode(NODE, NOW)
      const session = no === 0 ? await store.createSession(newSession({ key: 'k' })) : await store.findSession('k')
      const { epoch } = await store.acquireSession(session!.no, node.id)
      grounds[no++]!.resolve({ store, fence: { sessionNo: session!.no, node: node.id, epoch } })
      onReady()
      await new Promise((resolve) => requests.drain.addEventListener('abort', resolve, { once: true }))
      if (closes) await store[Symbol.asyncDispose]()
      else forgotten.push(store)
      return { hasLeftAgents: false }
    },
  })
  const ending = lives.run()
  const [first, second] = grounds.map(({ promise }) => promise) as [Promise<Ground>, Promise<Ground>]
  void first.then(() => lives.restart('the second life'))
  return {
    first,
    second,
    [Symbol.asyncDispose]: async () => {
      requests.stop('the test is over')
      await ending
      for (const store of forgotten) await store[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
}

test.each([
  ['its database is closed', true, 'STORE_FAILED'],
  ['its epoch is older than that of the node, even if nobody had closed it', false, 'LEASE_LOST'],
] as const)('what an earlier life finishes late writes nothing: %s', async (_, closes, code) => {
  await using rig = twoLives(closes)
  const late = await rig.first
  const { store, fence } = await rig.second
  await store.commit(fence, 'promise', [write.event()])
  const before = await store.readEvents(fence.sessionNo, 0, 100)
  const refused = { code }
  await expect(late.store.commit(late.fence, 'promise', [write.event()])).rejects.toMatchObject(refused)
  await expect(late.store.commit({ ...fence }, 'promise', [write.event()])).rejects.toMatchObject(refused)
  const turn = { kind: 'turn.insert', turn: newTurn(fence, 1) } as const
  await expect(late.store.commit(late.fence, 'batch', [turn])).rejects.toMatchObject(refused)
  await expect(late.store.createSession(newSession({ key: 'late' }))).rejects.toMatchObject(refused)
  await expect(late.store.acquireSession(fence.sessionNo, NODE)).rejects.toMatchObject(refused)
  expect(await store.readEvents(fence.sessionNo, 0, 100)).toEqual(before)
  expect(await store.findSession('late')).toBeUndefined()
})
