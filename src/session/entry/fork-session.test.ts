// A fork begins with what was said in its source, or is not there at all; on the real store.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { openSession, send, turnEnded } from '../../../test/_support/session-steps.ts'
import type { OpenSession } from '../../../test/_support/session-steps.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { HoldfastError } from '../../base/errors.ts'
import { systemIds } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'

let at: TestSessions
beforeEach(async () => {
  at = await TestSessions.start()
  at.connector.capabilities = '{"fork":true,"loadSession":true}'
})
afterEach(() => at[Symbol.asyncDispose]())

/** A session in which `texts` were said and echoed. */
async function withTurns(...texts: string[]): Promise<OpenSession> {
  const session = await openSession(at, { options: { turn_timeout_seconds: 60 } })
  for (const text of texts)
    expect((await turnEnded(at, session.id, await send(at, session.id, text))).state).toBe('completed')
  return session
}

async function saidIn(no: number): Promise<unknown[]> {
  const events = await at.store.readEvents(no, 0, 1_000)
  const updates = events.filter(({ type }) => type === 'update').map(({ data }) => JSON.parse(data) as JsonObject)
  return updates.map(({ sessionUpdate, content }) => [sessionUpdate, (content as { text: string }).text])
}

const ECHO = (text: string): string => JSON.stringify([{ type: 'text', text }])

test('what was said is in the log of the fork from the start, its agent is told to fork, and both go on apart', async () => {
  const source = await withTurns('one', 'two')
  const { status, created } = await at.service.fork(source.id, { key: 'other', label: 'Another try' })
  const { session } = status
  expect([created, session.key, session.family.label, session.cwd]).toEqual([true, 'other', 'Another try', '/tmp'])
  expect(session.terms).toMatchObject({
    options: { turnTimeoutSeconds: 60 },
    conversation: { source: 'fork', isUsed: true },
  })
  expect(await saidIn(session.no)).toEqual([
    ['user_message_chunk', 'one'],
    ['agent_message_chunk', ECHO('one')],
    ['user_message_chunk', 'two'],
    ['agent_message_chunk', ECHO('two')],
  ])
  const events = await at.store.readEvents(session.no, 0, 100)
  const forked = events
    .filter(({ type }) => type === 'session.forked')
    .map(({ data }) => JSON.parse(data) as JsonObject)
  expect(forked).toMatchObject([{ session_id: session.id, from_session_id: source.id, updates: 4, left_out: 0 }])
  const { request } = at.connector.agents.at(-1)!
  expect([request.isFork, request.resume]).toEqual([true, `as-${source.id}`])
  expect((await at.service.get(source.id)).session.lastSeq).toBe((await at.store.findSession(source.id))?.lastSeq)
  await turnEnded(at, session.id, await send(at, session.id, 'three'))
  expect(await saidIn(source.no)).toHaveLength(2)
  expect(at.connector.agents).toHaveLength(2) // the process that forked is the one that goes on
})

test('a key makes it one fork, however often and for however many callers; of another session it is a conflict', async () => {
  const source = await withTurns('one')
  const all = await Promise.all(Array.from({ length: 5 }, () => at.service.fork(source.id, { key: 'other' })))
  expect(new Set(all.map(({ status }) => status.session.id)).size).toBe(1)
  expect(all.filter(({ created }) => created)).toHaveLength(1)
  const elsewhere = await withTurns('else')
  await expect(at.service.fork(elsewhere.id, { key: 'other' })).rejects.toMatchObject({ code: 'SESSION_CONFLICT' })
})

test('after a restart and with its source closed a session is forked as well', async () => {
  const source = await withTurns('one')
  await at.service.close(source.id)
  await at.restart()
  at.connector.capabilities = '{"fork":true}'
  const { status } = await at.service.fork(source.id, {})
  expect(await saidIn(status.session.no)).toHaveLength(2)
})

test.each([{ key: 'other' }, { requestKey: 'r.1' }])(
  'a fork that was begun by a life that ended goes on under %j, and is whole',
  async (names) => {
    const source = await withTurns('one')
    const row = {
      id: systemIds.session(),
      key: undefined,
      ...names,
      agent: 'fake',
      cwd: '/tmp',
      mode: 'persistent',
    } as const
    await at.store.createSession({ ...row, onInterrupt: 'hold', createdAt: Date.now(), forkOf: source.id })
    await at.restart()
    at.connector.capabilities = '{"fork":true}'
    const { status, created } = await at.service.fork(source.id, names)
    expect([created, (await saidIn(status.session.no)).length]).toEqual([false, 2])
    await turnEnded(at, status.session.id, await send(at, status.session.id, 'two'))
    expect(at.connector.agents).toHaveLength(1)
  },
)

test('a request that is sent again is one fork, for callers at once and when something was said in its source since', async () => {
  const source = await openSession(at)
  const names = { requestKey: 'r.1' }
  const all = await Promise.all(Array.from({ length: 5 }, () => at.service.fork(source.id, names)))
  await turnEnded(at, source.id, await send(at, source.id, 'one'))
  all.push(await at.service.fork(source.id, names))
  expect(new Set(all.map(({ status }) => status.session.id)).size).toBe(1)
  expect(all.filter(({ created }) => created)).toHaveLength(1)
})

test('of a session in which nothing was said it is a new session, for any agent', async () => {
  const source = await openSession(at)
  at.connector.capabilities = '{}'
  const { status } = await at.service.fork(source.id, {})
  expect(status.session.terms.conversation.source).toBeUndefined()
  expect(at.connector.agents).toEqual([])
})

describe('it is refused, and no session is left', () => {
  const open = async (): Promise<number> => (await at.service.list({ state: 'open' }, { limit: 10 })).length

  test('while a turn of the source is out', async () => {
    const source = await withTurns('one')
    at.connector.onPrompt = () => {}
    const turnId = await send(at, source.id, 'two')
    await expect.poll(() => at.connector.agents[0]?.prompts).toContain(turnId)
    await expect(at.service.fork(source.id, {})).rejects.toMatchObject({
      code: 'SESSION_BUSY',
      details: { turn: turnId },
    })
    expect(await open()).toBe(1)
  })

  test('when a turn of the source began while the agent forked', async () => {
    const source = await withTurns('one')
    const { connect } = at.connector
    at.connector.connect = async (...args) => {
      await turnEnded(at, source.id, await send(at, source.id, 'meanwhile'))
      return connect(...args)
    }
    await expect(at.service.fork(source.id, {})).rejects.toMatchObject({ code: 'SESSION_BUSY' })
    expect(await open()).toBe(1)
  })

  test('when the agent cannot fork', async () => {
    at.connector.capabilities = '{"loadSession":true}'
    const source = await withTurns('one')
    await expect(at.service.fork(source.id, {})).rejects.toMatchObject({
      code: 'AGENT_UNSUPPORTED',
      details: { method: 'session/fork' },
    })
    expect([await open(), at.connector.agents.length]).toEqual([1, 1])
  })

  test('when the agent does not find the conversation', async () => {
    const source = await withTurns('one')
    at.connector.onConnect = () => {
      throw new HoldfastError('AGENT_CONVERSATION_LOST', { agent: 'fake', conversation: 'x', reason: 'refused' })
    }
    await expect(at.service.fork(source.id, { key: 'other' })).rejects.toMatchObject({
      code: 'AGENT_CONVERSATION_LOST',
    })
    expect(await open()).toBe(1)
    at.connector.onConnect = () => {}
    expect((await at.service.fork(source.id, { key: 'other' })).created).toBe(true)
  })
})
