// Sessions: keys, filters, pages, patches, what recovery must open, counts.

import { describe, expect, test } from 'vitest'

import type { AgentSessionId, TurnId } from '../../../src/base/ids.ts'
import type { SessionRecord } from '../../../src/store/records.ts'
import type { SessionFilter, SessionPatch, Store } from '../../../src/store/store.ts'
import type { OpenStore } from '../store-conformance.ts'
import { newPermission, newSession, newTurn, NOW, ownSession, range, write } from './records.ts'
import type { OwnedSession } from './records.ts'

export function listTests(openStore: OpenStore): void {
  describe('sessions', () => {
    keyTests(openStore)
    filterTests(openStore)
    recoveryTests(openStore)
  })
}

function keyTests(openStore: OpenStore): void {
  test('a key is taken until its session is closed', async () => {
    await using under = await openStore()
    const { store } = under
    const { session, fence } = await ownSession(store, { key: 'mine' })
    await expect(store.createSession(newSession({ key: 'mine' }))).rejects.toMatchObject({ code: 'SESSION_CONFLICT' })
    await patch(store, { session, fence }, { state: 'closing' })
    await expect(store.createSession(newSession({ key: 'mine' }))).rejects.toMatchObject({ code: 'SESSION_CONFLICT' })
    await patch(store, { session, fence }, { state: 'closed', closedAt: NOW })
    const next = await store.createSession(newSession({ key: 'mine' }))
    expect(await store.findSession('mine')).toEqual(next)
    expect(await store.findSession(session.id)).toMatchObject({ state: 'closed', closedAt: NOW })
  })

  test('the key of a request is taken until the session that it made is closed, and is no key of the session', async () => {
    await using under = await openStore()
    const { store } = under
    const { session, fence } = await ownSession(store, { requestKey: 'r.1' })
    await expect(store.createSession(newSession({ requestKey: 'r.1' }))).rejects.toMatchObject({
      code: 'SESSION_CONFLICT',
    })
    expect((await store.findSessionByRequest('r.1'))?.id).toBe(session.id)
    expect([await store.findSession('r.1'), await store.findSessionByRequest('r.2')]).toEqual([undefined, undefined])
    await patch(store, { session, fence }, { state: 'closed', closedAt: NOW })
    expect(await store.findSessionByRequest('r.1')).toBeUndefined()
    const next = await store.createSession(newSession({ requestKey: 'r.1' }))
    expect((await store.findSessionByRequest('r.1'))?.id).toBe(next.id)
  })

  test('of two who create the same key at once one wins', async () => {
    await using under = await openStore()
    const both = [1, 2].map(() => under.store.createSession(newSession({ key: 'mine' })))
    const results = await Promise.allSettled(both)
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  })

  test('sessions without a key do not stand in each others way, and nothing is found by a wrong name', async () => {
    await using under = await openStore()
    await under.store.createSession(newSession())
    const session = await under.store.createSession(newSession())
    expect(await under.store.findSession(session.id)).toEqual(session)
    expect(await under.store.findSessionByNo(session.no)).toEqual(session)
    expect(await under.store.findSession('nobody')).toBeUndefined()
    expect(await under.store.findSessionByNo(99)).toBeUndefined()
  })

  test('a patch changes what it names and null clears', async () => {
    await using under = await openStore()
    const owned = await ownSession(under.store)
    const agentSessionId = 'agent-1' as AgentSessionId
    const blockedBy = 'turn_1' as TurnId
    expect(await patch(under.store, owned, { agentSessionId, generation: 3 })).toMatchObject({ agentSessionId })
    expect(await patch(under.store, owned, { blockedBy })).toMatchObject({ agentSessionId, generation: 3, blockedBy })
    const cleared = await patch(under.store, owned, { blockedBy: null, agentSessionId: null })
    expect(cleared).toMatchObject({ blockedBy: undefined, agentSessionId: undefined, generation: 3, state: 'open' })
  })
}

const FILTERS: readonly SessionFilter[] = [undefined, 'open', 'closing', 'closed'].flatMap((state) =>
  [undefined, 'echo', 'other', 'none'].flatMap((agent) =>
    [undefined, true, false].map(
      (blocked) =>
        ({
          ...(state && { state }),
          ...(agent && { agent }),
          ...(blocked !== undefined && { blocked }),
        }) as SessionFilter,
    ),
  ),
)

function filterTests(openStore: OpenStore): void {
  test('each combination of filters gives exactly the sessions that match, newest first, in pages', async () => {
    await using under = await openStore()
    const all = await makeMixedSessions(under.store)
    for (const filter of FILTERS) {
      const wanted = all.filter((session) => matches(session, filter)).map(({ no }) => no)
      expect({ filter, nos: await listInPages(under.store, filter, 3) }).toEqual({ filter, nos: wanted })
    }
    const closed = all.filter(({ state }) => state === 'closed').length
    expect((await under.store.counts()).sessionsByState).toMatchObject({ closed, open: 24 - 2 * closed })
  })
}

/** 24 sessions: two agents, three states, some blocked. Newest first. */
async function makeMixedSessions(store: Store): Promise<SessionRecord[]> {
  const sessions: SessionRecord[] = []
  for (const i of range(0, 23)) {
    const owned = await ownSession(store, { agent: i % 2 === 0 ? 'echo' : 'other' })
    const state = (['open', 'closing', 'closed', 'open'] as const)[Math.floor(i / 2) % 4]!
    sessions.unshift(await patch(store, owned, { state, blockedBy: i % 5 === 0 ? ('turn_1' as TurnId) : null }))
  }
  return sessions
}

function matches(session: SessionRecord, { state, agent, blocked }: SessionFilter): boolean {
  if (state !== undefined && session.state !== state) return false
  if (agent !== undefined && session.agent !== agent) return false
  return blocked === undefined || (session.blockedBy !== undefined) === blocked
}

async function listInPages(store: Store, filter: SessionFilter, limit: number): Promise<number[]> {
  const found: number[] = []
  for (;;) {
    const before = found.at(-1)
    const page = await store.listSessions(filter, { limit, ...(before !== undefined && { before }) })
    if (page.length === 0) return found
    found.push(...page.map(({ no }) => no))
  }
}

function recoveryTests(openStore: OpenStore): void {
  test('unsettled are the sessions with an unsettled turn, an open request or a close under way, once each', async () => {
    await using under = await openStore()
    const { store } = under
    const settled = await ownSession(store)
    const queued = await ownSession(store)
    const running = await ownSession(store)
    const asking = await ownSession(store)
    const closing = await ownSession(store)
    const done = newTurn(settled.fence, 1)
    await store.commit(settled.fence, 'batch', [write.turn(done), write.end(done.id)])
    await store.commit(queued.fence, 'batch', [
      write.turn(newTurn(queued.fence, 1)),
      write.turn(newTurn(queued.fence, 2)),
    ])
    await store.commit(running.fence, 'batch', [write.turn(newTurn(running.fence, 1, { state: 'running' }))])
    await store.commit(asking.fence, 'batch', [write.permission(newPermission(asking.fence))])
    await patch(store, closing, { state: 'closing' })
    const wanted = [queued, running, asking, closing].map(({ session }) => session.no)
    expect((await store.listUnsettledSessions()).map(({ no }) => no)).toEqual(wanted)
  })

  test('counts follow every change', async () => {
    await using under = await openStore()
    const { store } = under
    const owned = await ownSession(store)
    const turn = newTurn(owned.fence, 1)
    await store.commit(owned.fence, 'batch', [write.turn(turn), write.permission(newPermission(owned.fence))])
    expect(await store.counts()).toEqual({
      sessionsByState: { open: 1, closing: 0, closed: 0 },
      turnsQueued: 1,
      turnsActive: 0,
      permissionsOpen: 1,
      elicitationsOpen: 0,
      sessionsDamaged: 0,
    })
    const dispatch = { kind: 'turn.patch', turnId: turn.id, patch: { state: 'dispatching' } } as const
    await store.commit(owned.fence, 'batch', [dispatch])
    expect(await store.counts()).toMatchObject({ turnsQueued: 0, turnsActive: 1 })
    await store.commit(owned.fence, 'batch', [write.end(turn.id)])
    await patch(store, owned, { state: 'closed' })
    expect(await store.counts()).toMatchObject({ sessionsByState: { open: 0, closed: 1 }, turnsActive: 0 })
  })
}

async function patch(store: Store, { fence }: OwnedSession, change: SessionPatch): Promise<SessionRecord> {
  await store.commit(fence, 'batch', [{ kind: 'session.patch', patch: change }])
  return (await store.findSessionByNo(fence.sessionNo))!
}
