// What agents ask of people: the first answer wins, values are kept no longer than they are needed.

import { describe, expect, test } from 'vitest'

import type { ElicitationId } from '../../../src/base/ids.ts'
import { newId } from '../../../src/base/ids.ts'
import type { ElicitationRecord, ElicitationWrite } from '../../../src/store/elicitation-record.ts'
import type { Fence } from '../../../src/store/store.ts'
import type { OpenStore } from '../store-conformance.ts'
import { NOW, ownSession } from './records.ts'

export function elicitationTests(openStore: OpenStore): void {
  describe('elicitations', () => {
    tests(openStore)
  })
}

function newElicitation(fence: Fence, parts: Partial<ElicitationRecord> = {}): ElicitationRecord {
  return {
    id: newId('elic') as ElicitationId,
    sessionNo: fence.sessionNo,
    turnId: undefined,
    generation: 1,
    requestId: 'r1',
    line: 12,
    mode: 'form',
    message: 'which?',
    requestedSchema: '{}',
    url: undefined,
    agentElicitationId: undefined,
    toolCallId: undefined,
    state: 'open',
    action: undefined,
    fields: undefined,
    content: undefined,
    answeredBy: undefined,
    requestedAt: NOW,
    dueAt: NOW + 1_000,
    closedAt: undefined,
    completedAt: undefined,
    ...parts,
  }
}

const insert = (elicitation: ElicitationRecord): ElicitationWrite => ({ kind: 'elicitation.insert', elicitation })

function accept(elicitationId: ElicitationId): ElicitationWrite {
  const values = { fields: ['a'], content: '{"a":1}' }
  const closed = { state: 'answered', action: 'accept', answeredBy: 'me', closedAt: NOW + 1 } as const
  return { kind: 'elicitation.close', elicitationId, ...closed, ...values }
}

function tests(openStore: OpenStore): void {
  test('the first answer wins, and its values are there until they are forgotten', async () => {
    await using under = await openStore()
    const { store } = under
    const { session, fence } = await ownSession(store)
    const asked = newElicitation(fence, { requestId: null, toolCallId: 't' })
    await store.commit(fence, 'promise', [insert(asked)])
    expect(await store.elicitations.find(asked.id)).toEqual(asked)
    expect((await store.listUnsettledSessions()).map(({ no }) => no)).toEqual([session.no])
    const answers = [accept(asked.id), accept(asked.id)]
    const results = await Promise.allSettled(answers.map((answer) => store.commit(fence, 'promise', [answer])))
    expect(results).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'ELICITATION_CLOSED' } }])
    const closed = { ...asked, state: 'answered', action: 'accept', fields: ['a'], answeredBy: 'me', closedAt: NOW + 1 }
    expect(await store.elicitations.listUnsettled(session.no)).toEqual([{ ...closed, content: '{"a":1}' }])
    expect(await store.listUnsettledSessions()).toHaveLength(1)
    await store.commit(fence, 'batch', [{ kind: 'elicitation.forget', elicitationId: asked.id }])
    expect(await store.elicitations.find(asked.id)).toEqual(closed)
    expect(await store.elicitations.listUnsettled(session.no)).toEqual([])
    expect(await store.listUnsettledSessions()).toEqual([])
  })

  test('one of another session cannot be closed', async () => {
    await using under = await openStore()
    const { store } = under
    const [mine, other] = [await ownSession(store), await ownSession(store)]
    const asked = newElicitation(other.fence)
    await store.commit(other.fence, 'batch', [insert(asked)])
    const answer = store.commit(mine.fence, 'batch', [accept(asked.id)])
    await expect(answer).rejects.toMatchObject({ code: 'ELICITATION_NOT_FOUND' })
    expect(await store.elicitations.find(asked.id)).toEqual(asked)
  })

  test('the first completion counts', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const link = {
      mode: 'url',
      requestedSchema: undefined,
      url: 'https://a.example/',
      agentElicitationId: 'e',
    } as const
    const asked = newElicitation(fence, link)
    const done = [1, 2].map((at) => ({ kind: 'elicitation.complete', elicitationId: asked.id, at }) as const)
    await store.commit(fence, 'batch', [insert(asked), ...done])
    expect(await store.elicitations.find(asked.id)).toEqual({ ...asked, completedAt: 1 })
  })

  test('values are refused for anything but an answer that accepts', async () => {
    await using under = await openStore()
    const { store } = under
    const { fence } = await ownSession(store)
    const asked = newElicitation(fence)
    const declined = { ...accept(asked.id), action: 'decline' } as ElicitationWrite
    await expect(store.commit(fence, 'batch', [insert(asked), declined])).rejects.toThrow('breaks a rule of the schema')
  })

  test('lists are filtered by session and state, newest first, and bounded', async () => {
    await using under = await openStore()
    const { store } = under
    const { session, fence } = await ownSession(store)
    const other = await ownSession(store)
    const all = [newElicitation(fence), newElicitation(fence), newElicitation(other.fence)]
    await store.commit(fence, 'batch', [...all.slice(0, 2).map(insert), accept(all[0]!.id)])
    await store.commit(other.fence, 'batch', [insert(all[2]!)])
    const idsOf = async (filter: Parameters<typeof store.elicitations.list>[0], limit = 10) =>
      (await store.elicitations.list(filter, limit)).map(({ id }) => all.findIndex((one) => one.id === id))
    expect(await idsOf({})).toEqual([2, 1, 0])
    expect(await idsOf({}, 1)).toEqual([2])
    expect(await idsOf({ state: 'open' })).toEqual([2, 1])
    expect(await idsOf({ sessionNo: session.no })).toEqual([1, 0])
    expect(await idsOf({ sessionNo: session.no, state: 'answered' })).toEqual([0])
    expect(await store.counts()).toMatchObject({ elicitationsOpen: 2 })
  })
}
