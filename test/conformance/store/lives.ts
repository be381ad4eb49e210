// The lives of a gateway: what is written stays, the first end counts, only the newest are kept.

import { describe, expect, test } from 'vitest'

import type { LifeRecord, NewLife } from '../../../src/store/lives.ts'
import type { OpenStore } from '../store-conformance.ts'

const NEW: NewLife = { epoch: 1, version: '1.2.3', pid: 42, bootId: 'boot', startedAt: 1_000, memory: undefined }
const NOTHING_YET = {
  readyAt: undefined,
  safeMode: undefined,
  turnsTakenOver: undefined,
  turnsInterrupted: undefined,
  askedAt: undefined,
  end: undefined,
} satisfies Partial<LifeRecord>

export function lifeTests(openStore: OpenStore): void {
  describe('lives', () => {
    test('a life is read back as it was written, newest first', async () => {
      await using under = await openStore()
      const { lives } = under.store
      await lives.insert(NEW)
      const memory = { path: '/a', oomKills: 3 }
      await lives.insert({ ...NEW, epoch: 2, memory })
      const first: LifeRecord = { ...NEW, ...NOTHING_YET }
      expect(await lives.list('local', 10)).toEqual([{ ...first, epoch: 2, memory }, first])
      expect(await lives.list('local', 1)).toHaveLength(1)
      expect(await lives.list('another', 10)).toEqual([])
    })

    test('a patch changes what it names, and the first end of a life stays', async () => {
      await using under = await openStore()
      const { lives } = under.store
      await lives.insert(NEW)
      await lives.patch(1, { readyAt: 1_010, turnsTakenOver: 2, turnsInterrupted: 0 })
      await lives.patch(1, { safeMode: 'on', askedAt: 1_900 })
      const end = { at: 2_000, how: 'failed', code: 'STORE_FAILED', reason: undefined } as const
      await lives.patch(1, { end })
      await lives.patch(1, { safeMode: 'over', end: { ...end, at: 3_000, how: 'killed' } })
      const patched = { askedAt: 1_900, readyAt: 1_010, turnsTakenOver: 2, turnsInterrupted: 0, safeMode: 'over', end }
      expect(await lives.list('local', 10)).toEqual([{ ...NEW, ...patched }])
    })

    test('the newest hundred are kept', async () => {
      await using under = await openStore()
      const { lives } = under.store
      for (let epoch = 1; epoch <= 103; epoch++) await lives.insert({ ...NEW, epoch })
      const kept = await lives.list('local', 1_000)
      expect([kept.length, kept[0]?.epoch, kept.at(-1)?.epoch]).toEqual([100, 103, 4])
    })

    test('a probe comes back when the store answers, and not under an old epoch', async () => {
      await using under = await openStore()
      await under.store.probe()
      const rival = await under.openRival()
      await rival.openNode('local', 0)
      await expect(under.store.probe()).rejects.toMatchObject({ code: 'LEASE_LOST' })
    })
  })
}
