// Sessions that an agent has of its own, made ours: on the real store, with fake agents.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { until } from '../../../test/_support/until.ts'
import type { AgentSessionId, SessionId } from '../../base/ids.ts'
import type { AdoptRequest } from './adopt-session.ts'

const HELLO = [{ type: 'text', text: 'hello' }]
const THEIRS = 'theirs-1' as AgentSessionId
const [cwd, directories] = ['/theirs', ['/more']]
const ABOUT = { cwd, directories, title: ' Fix the tests ', updatedAt: '2026-01-01T00:00:00Z' }
const LISTED = { sessionId: THEIRS, ...ABOUT }

const said = (text: string): string =>
  JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })

let at: TestSessions

beforeEach(async () => {
  at = await TestSessions.start()
  at.connector.offers = { canContinue: true, sessions: [LISTED], isCut: false }
  at.connector.history = { updates: [said('before'), said('us')], leftOut: 3 }
})
afterEach(() => at[Symbol.asyncDispose]())

const adopt = (more: Partial<AdoptRequest> = {}) =>
  at.service.adopt({ agent: 'fake', agentSessionId: THEIRS, ...more }).then(({ session }) => session)

async function ask(id: SessionId): Promise<void> {
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await until(async () => (await at.service.turn(id, turn.id)).outcome !== undefined, {
    ms: 5_000,
    what: () => 'the end',
  })
}

test('what an agent offers is listed, with the session that has it already', async () => {
  const offered = { agentSessionId: THEIRS, ...ABOUT }
  expect(await at.service.listAgentSessions('fake', undefined)).toEqual({
    sessions: [{ ...offered, sessionId: undefined }],
    isCut: false,
  })
  const { id } = await adopt()
  expect((await at.service.listAgentSessions('fake', '/theirs')).sessions).toEqual([{ ...offered, sessionId: id }])
})

test('an adopted session works where the agent says, and is labelled as the agent calls it', async () => {
  expect(await adopt({ key: 'mine' })).toMatchObject({
    key: 'mine',
    cwd: '/theirs',
    agentSessionId: THEIRS,
    family: { label: 'Fix the tests' },
    terms: { conversation: { source: 'adopted', isUsed: true } },
  })
  await at.service.close((await at.service.get('mine')).session.id)
  expect(await adopt({ cwd: '/here', label: 'other' })).toMatchObject({ cwd: '/here', family: { label: 'other' } })
})

test('further directories are those that are asked for, not those that the agent lists', async () => {
  const { id, terms } = await adopt()
  expect(terms.equipment.directories).toEqual([])
  await at.service.close(id)
  expect((await adopt({ directories: ['/asked'] })).terms.equipment.directories).toEqual(['/asked'])
})

test('the first start opens the conversation and stores its history once, before the prompt', async () => {
  const { id, no } = await adopt()
  await ask(id)
  await ask(id)
  await at.restart()
  await ask(id)
  const events = await at.store.readEvents(no, 0, 100)
  const imported = events.findIndex(({ type }) => type === 'conversation.imported')
  expect(events.filter(({ type }) => type === 'conversation.imported').length).toBe(1)
  expect(JSON.parse(events[imported]!.data)).toEqual({
    agent_session_id: THEIRS,
    updates: 2,
    left_out: 3,
    is_told: true,
  })
  expect(events.slice(imported + 1, imported + 3).map(({ type, turnId, data }) => [type, turnId, data])).toEqual([
    ['update', undefined, said('before')],
    ['update', undefined, said('us')],
  ])
  expect(events.findIndex(({ type }) => type === 'turn.dispatched')).toBeGreaterThan(imported)
  expect(at.connector.agents.map(({ request }) => [request.resume, request.wantsHistory])).toEqual([[THEIRS, false]])
  expect((await at.service.get(id)).session.terms.conversation.source).not.toBe('adopted')
})

test('an agent that tells no history goes on without, and that is said', async () => {
  delete at.connector.history
  const { id, no } = await adopt()
  await ask(id)
  const [imported] = (await at.store.readEvents(no, 0, 100)).filter(({ type }) => type === 'conversation.imported')
  expect(JSON.parse(imported!.data)).toMatchObject({ updates: 0, is_told: false })
})

describe('it is refused', () => {
  test.each<[string, () => void, Partial<AdoptRequest>, string]>([
    ['when the agent is not known', () => {}, { agent: 'other' }, 'AGENT_UNKNOWN'],
    [
      'when the agent cannot open sessions again',
      () => (at.connector.offers = { ...at.connector.offers, canContinue: false }),
      {},
      'AGENT_UNSUPPORTED',
    ],
    [
      'when the agent lists others only',
      () => {},
      { agentSessionId: 'none' as AgentSessionId },
      'AGENT_SESSION_NOT_FOUND',
    ],
    [
      'when nobody says where it works',
      () => (at.connector.offers = { canContinue: true, sessions: undefined, isCut: false }),
      {},
      'BAD_REQUEST',
    ],
    ['when the parent is not there', () => {}, { parent: 'nobody' }, 'SESSION_NOT_FOUND'],
  ])('%s', async (_, arrange, more, code) => {
    arrange()
    await expect(adopt(more)).rejects.toMatchObject({ code })
    expect(await at.service.list({}, { limit: 1 })).toEqual([])
  })

  test('when a session of ours goes on with it, or has the key', async () => {
    const first = await adopt({ key: 'first' })
    await expect(adopt()).rejects.toMatchObject({ code: 'SESSION_CONFLICT', details: { session: first.id } })
    at.connector.offers = { canContinue: true, sessions: undefined, isCut: false }
    const other = { agentSessionId: 'theirs-2' as AgentSessionId, cwd: '/theirs', key: 'FIRST' }
    await expect(adopt(other)).rejects.toMatchObject({ code: 'SESSION_CONFLICT' })
    await at.service.close(first.id)
    expect((await adopt({ cwd: '/theirs' })).id).not.toBe(first.id)
  })

  test('to all but one of many callers at once', async () => {
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => adopt()))
    expect(all.filter(({ status }) => status === 'fulfilled').length).toBe(1)
    expect((await at.service.list({}, { limit: 10 })).length).toBe(1)
  })

  test('when an agent does not list, there is nothing to list', async () => {
    at.connector.offers = { canContinue: true, sessions: undefined, isCut: false }
    await expect(at.service.listAgentSessions('fake', undefined)).rejects.toMatchObject({ code: 'AGENT_UNSUPPORTED' })
  })
})
