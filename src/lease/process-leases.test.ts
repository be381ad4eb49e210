// Steps of a process lease as rows: what each step writes, and what never gets into a row.

import { describe, expect, test } from 'vitest'

import { createMemoryLeases } from '../../test/_support/memory-leases.ts'
import type { SessionId } from '../base/ids.ts'
import { ProcessLeases, tagEpochOf } from './process-leases.ts'

const INTENT = {
  keeperNo: 3,
  sessionId: 'ses_1' as SessionId,
  generation: 3,
  agent: 'echo',
  argv: ['agent', '--token=secret'],
  bootId: 'boot',
  tag: '123',
}

function openRig(): { store: ReturnType<typeof createMemoryLeases>; leases: ProcessLeases } {
  let now = 1_000
  const clock = { now: () => now++, at: () => ({ cancel: () => {}, [Symbol.dispose]: () => {} }) }
  const store = createMemoryLeases(42)
  return { store, leases: new ProcessLeases({ store, node: { id: 'local', epoch: 9, startedAt: 0 }, clock }) }
}

describe('process leases', () => {
  test('the intent says whose it will be, and holds no argument of the command', async () => {
    const { store, leases } = openRig()
    const lease = await leases.intend(INTENT)
    expect(lease).toMatchObject({ id: 1, state: 'spawning', nodeEpoch: 9, bootId: 'boot', tag: '123', generation: 3 })
    expect(lease.pid).toBeUndefined()
    expect(JSON.stringify([...store.rows.values()])).not.toContain('secret')
    const same = await leases.intend(INTENT)
    const other = await leases.intend({ ...INTENT, argv: ['agent', '--token=other'] })
    expect(same.commandDigest).toBe(lease.commandDigest)
    expect(other.commandDigest).not.toBe(lease.commandDigest)
    expect([leases.instance, tagEpochOf(2 ** 24 + 3)]).toEqual([42, 3])
  })

  test('each step is one row state, later each time; open leases are those that may have processes', async () => {
    const { store, leases } = openRig()
    const { id } = await leases.intend(INTENT)
    await leases.running(id, { pid: 5, startTicks: '77' })
    expect(store.rows.get(id)).toMatchObject({ state: 'running', pid: 5, startTicks: '77', updatedAt: 1_001 })
    for (const step of ['stopping', 'stuck'] as const) {
      await leases[step](id)
      expect(await leases.listOpen()).toMatchObject([{ id, state: step }])
    }
    await leases.closed(id, 'code 0')
    expect(store.rows.get(id)).toMatchObject({ state: 'closed', exit: 'code 0', pid: 5, startTicks: '77' })
    const { id: lost } = await leases.intend(INTENT)
    expect(await leases.listOpen()).toMatchObject([{ id: lost, state: 'spawning' }])
    await leases.lost(lost)
    expect(await leases.listOpen()).toEqual([])
  })
})
