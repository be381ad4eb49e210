// What a conversation of ours is found to have gained when the agent replays it, on the real store. C-25: docs/acp-client.md.

import { expect, test } from 'vitest'

import { openSession, send, turnEnded } from '../../../test/_support/session-steps.ts'
import type { OpenSession } from '../../../test/_support/session-steps.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import type { EventRecord } from '../../store/records.ts'

const chunk = (role: 'user' | 'agent', text: string): string =>
  JSON.stringify({ sessionUpdate: `${role}_message_chunk`, content: { type: 'text', text }, messageId: 'm9.1' })

const echoed = (text: string): string => JSON.stringify([{ type: 'text', text }])

/** What our agent keeps of a prompt that it has echoed. */
const exchange = (text: string): string[] => [chunk('user', text), chunk('agent', echoed(text))]

const replayOf = (...updates: string[]) => ({ updates, leftOut: 0 })

async function ask(at: TestSessions, { id }: OpenSession, text: string): Promise<void> {
  expect((await turnEnded(at, id, await send(at, id, text))).state).toBe('completed')
}

/** The next prompt has a new process, which replays the conversation so. */
async function askAnew(at: TestSessions, session: OpenSession, text: string, replay: string[]): Promise<void> {
  await at.restart()
  at.connector.replay = replayOf(...replay)
  await ask(at, session, text)
}

async function about(at: TestSessions, { no }: OpenSession, type: string): Promise<EventRecord[]> {
  return (await at.store.readEvents(no, 0, 1_000)).filter((event) => event.type === type)
}

test('C-25 what another client said meanwhile is stored once, before our next prompt, and what we know is not', async () => {
  await using at = await TestSessions.start()
  const session = await openSession(at)
  await ask(at, session, 'one')
  const theirs = [chunk('user', 'in a terminal'), chunk('agent', 'done there')]
  await askAnew(at, session, 'two', [...exchange('one'), ...theirs])
  await askAnew(at, session, 'three', [...exchange('one'), ...theirs, ...exchange('two')])
  const learned = await about(at, session, 'conversation.learned')
  expect(learned.map(({ data }) => JSON.parse(data))).toMatchObject([{ updates: 2, known: 2, left_out: 0 }])
  const loose = (await about(at, session, 'update')).filter(({ turnId }) => turnId === undefined)
  expect(loose.map(({ data }) => data)).toEqual(theirs)
  const dispatched = await about(at, session, 'turn.dispatched')
  expect(loose.every(({ seq }) => seq < (dispatched[1]?.seq ?? 0))).toBe(true)
})

test('C-25 a replay of something else is not stored; the numbers are in one warning', async () => {
  await using at = await TestSessions.start()
  const session = await openSession(at)
  await ask(at, session, 'one')
  await askAnew(at, session, 'two', exchange('something else'))
  expect(await about(at, session, 'conversation.learned')).toEqual([])
  const warnings = await about(at, session, 'agent.warning')
  expect(warnings.map(({ data }) => JSON.parse(data))).toMatchObject([
    { warning: 'replay_unmatched', replayed: 2, left_out: 0 },
  ])
  expect((await about(at, session, 'update')).every(({ turnId }) => turnId !== undefined)).toBe(true)
})

test('C-25 a turn that was cut short may be missing in the replay, or be there with more than we heard', async () => {
  for (const kept of [[], [chunk('user', 'cut'), chunk('agent', 'half and the rest')]]) {
    await using at = await TestSessions.start()
    const session = await openSession(at)
    await ask(at, session, 'one')
    const { onPrompt } = at.connector
    at.connector.onPrompt = ({ listener }) => listener.update(chunk('agent', 'half'))
    const turnId = await send(at, session.id, 'cut')
    await expect.poll(async () => (await at.service.turn(session.id, turnId)).state).toBe('running')
    await at.service.cancel(session.id)
    expect((await turnEnded(at, session.id, turnId)).outcome).toMatchObject({ forced: true })
    at.connector.onPrompt = onPrompt
    await askAnew(at, session, 'two', [...exchange('one'), ...kept, chunk('user', 'theirs')])
    const loose = (await about(at, session, 'update')).filter(({ turnId: of }) => of === undefined)
    const texts = loose.map(({ data }) => (JSON.parse(data) as { content: { text: string } }).content.text)
    expect(texts).toEqual(kept.length === 0 ? ['theirs'] : [' and the rest', 'theirs'])
  }
})

test('C-25 after a reset only the conversation that goes on counts', async () => {
  await using at = await TestSessions.start()
  const session = await openSession(at)
  await ask(at, session, 'old')
  await at.service.reset(session.id, { what: 'conversation', force: false })
  await ask(at, session, 'new')
  await askAnew(at, session, 'newer', [...exchange('new'), chunk('user', 'old')])
  const learned = await about(at, session, 'conversation.learned')
  expect(learned.map(({ data }) => JSON.parse(data))).toMatchObject([{ updates: 1, known: 2 }])
})
