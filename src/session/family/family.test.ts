// Labels and parents on the real store: who may be whose parent, and what lists find.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { TestSessions } from '../../../test/_support/test-sessions.ts'
import type { SessionRequest } from '../service.ts'

const HELLO = [{ type: 'text', text: 'hello' }]

let at: TestSessions

beforeEach(async () => {
  at = await TestSessions.start({}, { family: { depthMax: 2, childrenMax: 3 } })
})
afterEach(() => at[Symbol.asyncDispose]())

async function newSession(more: Partial<SessionRequest> = {}) {
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp', ...more })
  return status.session
}

async function list(filter: Parameters<TestSessions['service']['list']>[0]): Promise<string[]> {
  return (await at.service.list(filter, { limit: 10 })).map(({ session }) => session.family.label ?? session.id)
}

describe('a parent', () => {
  test('is named by id or key, and must be there and open', async () => {
    const parent = await newSession({ key: 'boss' })
    expect((await newSession({ parent: ' BOSS ' })).family.parent).toBe(parent.id)
    await expect(newSession({ parent: 'nobody' })).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
    const closed = await newSession()
    await at.service.close(closed.id)
    await expect(newSession({ parent: closed.id })).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
  })

  test('has at most so many above it and so many open children', async () => {
    const root = await newSession()
    const child = await newSession({ parent: root.id })
    const grandchild = await newSession({ parent: child.id })
    await expect(newSession({ parent: grandchild.id })).rejects.toMatchObject({ code: 'PARENT_REFUSED' })
    const more = await Promise.allSettled(Array.from({ length: 5 }, () => newSession({ parent: root.id })))
    expect(more.filter(({ status }) => status === 'fulfilled').length).toBe(2)
    await at.service.close(child.id)
    await newSession({ parent: root.id })
  })

  test('is never one of its own descendants, also when two are changed at once', async () => {
    const [a, b] = [await newSession(), await newSession()]
    await expect(at.service.describe(a.id, { parent: a.id })).rejects.toMatchObject({ code: 'PARENT_REFUSED' })
    const both = await Promise.allSettled([
      at.service.describe(a.id, { parent: b.id }),
      at.service.describe(b.id, { parent: a.id }),
    ])
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  test('stays while a turn is open; label and notify may change', async () => {
    const [one, other] = [await newSession(), await newSession()]
    const child = await newSession({ parent: one.id })
    at.connector.onPrompt = () => {}
    await at.service.prompt(child.id, { prompt: HELLO })
    await expect(at.service.describe(child.id, { parent: other.id })).rejects.toMatchObject({ code: 'SESSION_BUSY' })
    await expect(at.service.describe(child.id, { parent: null })).rejects.toMatchObject({ code: 'SESSION_BUSY' })
    const { session } = await at.service.describe(child.id, { label: 'still', notify: 'prompt', parent: one.id })
    expect(session.family).toEqual({ label: 'still', parent: one.id, notify: 'prompt' })
  })
})

test('what is said of a session survives the gateway, is an event once, and null clears it', async () => {
  const parent = await newSession()
  const { id, no } = await newSession({ label: 'first' })
  await at.service.describe(id, { label: 'second', parent: parent.id })
  await at.service.describe(id, { label: 'second' })
  await at.restart()
  expect((await at.service.get(id)).session.family).toEqual({ label: 'second', parent: parent.id, notify: 'done_only' })
  expect(await at.history(no)).toEqual(['session.created', 'session.described'])
  expect((await at.service.describe(id, { label: null, parent: null })).session.family).toEqual({
    label: undefined,
    parent: undefined,
    notify: 'done_only',
  })
})

test('lists find sessions by parent and by how the label begins, newest first', async () => {
  const parent = await newSession({ label: 'fix: root' })
  await newSession({ parent: parent.id, label: 'fix: a' })
  const closed = await newSession({ parent: parent.id, label: 'fix: b' })
  await newSession({ parent: parent.id, label: 'docs' })
  await newSession({ label: 'fiy' })
  await at.service.close(closed.id)
  expect(await list({ parent: parent.id })).toEqual(['docs', 'fix: b', 'fix: a'])
  expect(await list({ parent: parent.id, state: 'open', label: 'fix' })).toEqual(['fix: a'])
  expect(await list({ label: 'fix' })).toEqual(['fix: b', 'fix: a', 'fix: root'])
  expect(await list({ label: 'fix', agent: 'other' })).toEqual([])
  expect(await list({ label: 'fix', blocked: true })).toEqual([])
  expect(await list({ label: 'fi%' })).toEqual([])
})
