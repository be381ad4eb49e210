// Standing permission rules, and the permission mode of a session.

import { describe, expect, test } from 'vitest'

import { systemIds } from '../../../src/base/ids.ts'
import type { PermissionRuleRecord } from '../../../src/store/permission-rule-record.ts'
import type { OpenStore } from '../store-conformance.ts'
import { newTurn, NOW, ownSession } from './records.ts'

export function permissionRuleTests(openStore: OpenStore): void {
  describe('permission rules', () => {
    test('a rule is read back as it was made, also by the next life', async () => {
      await using under = await openStore()
      const { fence } = await ownSession(under.store)
      const wide = newRule({ toolKind: 'edit', expiresAt: NOW + 5 })
      const own = newRule({
        scope: 'session',
        sessionNo: fence.sessionNo,
        agent: undefined,
        command: 'a b',
        path: undefined,
      })
      await under.store.insertPermissionRule(wide)
      await under.store.commit(fence, 'promise', [{ kind: 'rule.insert', rule: own }])
      const store = await under.reopen()
      expect(await store.listPermissionRules({ inForceAt: NOW }, 10)).toEqual([own, wide])
      expect(await store.listPermissionRules({ inForceAt: NOW }, 1)).toEqual([own])
      expect(await store.listPermissionRules({ inForceAt: NOW + 5 }, 10)).toEqual([own])
      expect(await store.findPermissionRule(wide.id)).toEqual(wide)
      expect(await store.findPermissionRule(systemIds.rule())).toBeUndefined()
    })

    test('a rule is revoked once, and what it was stays to be seen', async () => {
      await using under = await openStore()
      const { store } = under
      const rule = newRule()
      await store.insertPermissionRule(rule)
      const revoked = { ...rule, revokedAt: NOW + 1, revokedBy: 'me' }
      expect(await store.revokePermissionRule(rule.id, { at: NOW + 1, by: 'me' })).toBe(true)
      expect(await store.revokePermissionRule(rule.id, { at: NOW + 2, by: 'you' })).toBe(false)
      expect(await store.listPermissionRules({ inForceAt: NOW }, 10)).toEqual([])
      expect(await store.listPermissionRules({}, 10)).toEqual([revoked])
    })

    test('a use is counted with what it decided, or not at all', async () => {
      await using under = await openStore()
      const { store } = under
      const { fence } = await ownSession(store)
      const rule = newRule()
      await store.insertPermissionRule(rule)
      const hit = { kind: 'rule.hit', ruleId: rule.id, at: NOW + 3 } as const
      await store.commit(fence, 'batch', [hit, hit])
      const late = store.commit({ ...fence, epoch: fence.epoch - 1 }, 'batch', [hit])
      await expect(late).rejects.toMatchObject({ code: 'LEASE_LOST' })
      expect(await store.findPermissionRule(rule.id)).toEqual({ ...rule, hits: 2, lastUsedAt: NOW + 3 })
    })

    test.each<[string, Partial<PermissionRuleRecord>]>([
      ['that allows and names no path and no command', { path: undefined, toolKind: 'read' }],
      ['of an agent without one', { agent: undefined }],
      ['of a session without one', { scope: 'session', agent: undefined }],
      ['of everywhere with an agent', { scope: 'everywhere' }],
    ])('a rule %s is refused by the schema', async (_, parts) => {
      await using under = await openStore()
      await expect(under.store.insertPermissionRule(newRule(parts))).rejects.toThrow(/constraint/i)
      expect(await under.store.listPermissionRules({}, 10)).toEqual([])
    })
  })

  test.each(['ask', 'deny', 'fail', undefined] as const)(
    'what a turn wants unattended is read back: %s',
    async (wanted) => {
      await using under = await openStore()
      const { fence } = await ownSession(under.store)
      const turn = { ...newTurn(fence, 1), unattended: wanted }
      await under.store.commit(fence, 'promise', [{ kind: 'turn.insert', turn }])
      expect((await under.store.findTurn(turn.id))?.unattended).toBe(wanted)
    },
  )

  test('the permission mode of a session is `ask` until it is changed', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const modeOf = async () => (await store.findSessionByNo(fence.sessionNo))?.permissionMode
    expect(await modeOf()).toBe('ask')
    await store.commit(fence, 'promise', [{ kind: 'session.patch', patch: { permissionMode: 'deny-all' } }])
    await store.commit(fence, 'promise', [{ kind: 'session.patch', patch: { generation: 2 } }])
    expect(await modeOf()).toBe('deny-all')
  })
}

function newRule(parts: Partial<PermissionRuleRecord> = {}): PermissionRuleRecord {
  return {
    id: systemIds.rule(),
    effect: 'allow',
    scope: 'agent',
    sessionNo: undefined,
    agent: 'fake',
    toolKind: undefined,
    path: 'src/**',
    command: undefined,
    createdAt: NOW,
    createdBy: 'test',
    expiresAt: undefined,
    revokedAt: undefined,
    revokedBy: undefined,
    hits: 0,
    lastUsedAt: undefined,
    ...parts,
  }
}
