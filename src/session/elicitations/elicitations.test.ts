// Questions of agents on real rows with fake agents: what is stored, what the agent hears, what survives, what does not stay.

import { expect, test } from 'vitest'

import { TestSessions } from '../../../test/_support/test-sessions.ts'
import type { FakeAgent } from '../../../test/_support/fake-agent.ts'
import { until } from '../../../test/_support/until.ts'
import type { Elicitation } from '../../agent/elicitations/elicitation.ts'
import type { SessionId, TurnId } from '../../base/ids.ts'
import type { PromptRequest } from '../service.ts'
import type { SessionLimits } from '../state.ts'
import type { ShownElicitation } from './elicitation-control.ts'

const HELLO: PromptRequest['prompt'] = [{ type: 'text', text: 'hello' }]
const FORM: Elicitation = {
  mode: 'form',
  message: 'Which one?',
  toolCallId: undefined,
  requestedSchema: { type: 'object', properties: { name: { type: 'string', minLength: 2 } }, required: ['name'] },
}
const LINK: Elicitation = {
  mode: 'url',
  message: 'Log in',
  toolCallId: 't1',
  url: 'https://login.example/abc',
  elicitationId: 'e1',
}
const END = { kind: 'stopped', stopReason: 'end_turn', usage: undefined } as const

interface Asked extends AsyncDisposable {
  readonly at: TestSessions
  readonly id: SessionId
  readonly no: number
  readonly turnId: TurnId
  readonly agent: FakeAgent
  readonly open: ShownElicitation
}

/** A session whose agent asks in its first turn, and goes on until it is told otherwise; a cancel ends the turn. */
async function ask(
  elicitation: Elicitation,
  { limits = {}, prompt = {} }: { limits?: Partial<SessionLimits>; prompt?: Partial<PromptRequest> } = {},
): Promise<Asked> {
  const at = await TestSessions.start(limits, { attendanceGraceMs: 20 })
  at.connector.onPrompt = ({ listener }) => listener.elicitationAsked(5, elicitation)
  at.connector.onCancel = ({ listener, prompts }) => listener.answered(prompts[0]!, { ...END, stopReason: 'cancelled' })
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/work' })
  const { id, no } = status.session
  const { turn } = await at.service.prompt(id, { prompt: HELLO, ...prompt })
  const list = () => at.sessions.elicitations.list({}, 10)
  await until(async () => (await list()).length === 1, { ms: 2_000, what: () => 'nothing was asked' })
  const [open] = await list()
  return {
    at,
    id,
    no,
    turnId: turn.id,
    agent: at.connector.agents[0]!,
    open: open!,
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  }
}

const read = ({ at, open }: Asked) => at.sessions.elicitations.get(open.id)
const reaches = async ({ at, id, turnId }: Asked, state: string): Promise<void> =>
  until(async () => (await at.service.turn(id, turnId)).state === state, { ms: 2_000, what: () => `not ${state}` })
const closes = async (asked: Asked): Promise<ShownElicitation> => {
  await until(async () => (await read(asked)).state !== 'open', { ms: 2_000, what: () => 'it stays open' })
  return read(asked)
}

test('a question is stored and shown, and the session says that it waits for an answer', async () => {
  await using asked = await ask(FORM)
  const { at, id, open, turnId } = asked
  expect(open).toMatchObject({ mode: 'form', message: 'Which one?', state: 'open', turnId })
  expect((await at.service.get(id)).live).toMatchObject({
    activity: 'awaiting_answer',
    nextDeadline: { kind: 'elicitation' },
  })
  expect((await at.service.explain(id)).explanation).toMatchObject({
    waits: [{ kind: 'elicitation', subject: open.id }],
    frees: expect.arrayContaining(['answerElicitation']) as unknown,
  })
})

test('the agent hears what was answered; the rows and the log have the names of the fields and none of the values', async () => {
  await using asked = await ask(FORM)
  const { at, no, open, agent } = asked
  const answer = { action: 'accept', content: { name: 'my secret' } } as const
  const answered = await at.sessions.elicitations.answer(open.id, answer, 'me')
  expect(answered).toMatchObject({ state: 'answered', action: 'accept', fields: ['name'], answeredBy: 'me' })
  expect(agent.answers).toEqual([answer])
  await until(async () => (await at.store.elicitations.listUnsettled(no)).length === 0, {
    ms: 2_000,
    what: () => 'the values are still stored',
  })
  expect(await at.store.elicitations.find(open.id)).toMatchObject({ content: undefined })
  expect(JSON.stringify(await at.store.readEvents(no, 0, 100))).not.toContain('my secret')
})

test('the first answer counts: a later one is refused, and says who was first', async () => {
  await using asked = await ask(FORM)
  const { at, open, agent } = asked
  await at.sessions.elicitations.answer(open.id, { action: 'decline' }, 'me')
  const late = at.sessions.elicitations.answer(open.id, { action: 'cancel' }, 'you')
  await expect(late).rejects.toMatchObject({
    code: 'ELICITATION_CLOSED',
    details: { state: 'answered', action: 'decline', answered_by: 'me' },
  })
  expect(agent.answers).toEqual([{ action: 'decline' }])
})

test.each([
  [FORM, { name: 'x' }, 'name'],
  [FORM, {}, 'name'],
  [FORM, { name: 'xx', other: true }, 'other'],
  [LINK, { password: 'x' }, 'password'],
])('content that was not asked for changes nothing, and the field is named', async (elicitation, content, field) => {
  await using asked = await ask(elicitation)
  const { at, open, agent } = asked
  const answer = at.sessions.elicitations.answer(open.id, { action: 'accept', content }, 'me')
  await expect(answer).rejects.toMatchObject({ code: 'ELICITATION_INVALID', details: { field } })
  expect((await read(asked)).state).toBe('open')
  expect(agent.answers).toEqual([])
})

test('C-45 a cancelled turn dismisses its question once, after the agent has heard of the cancel', async () => {
  await using asked = await ask(FORM)
  const { at, id, agent } = asked
  at.connector.onCancel = () => agent.listener.elicitationAsked(6, FORM)
  await at.service.cancel(id)
  await until(() => agent.answers.length === 2, { ms: 2_000, what: () => 'what came after the cancel has no answer' })
  expect(agent.cancels).toBe(1)
  expect(agent.answers).toEqual([{ action: 'cancel' }, { action: 'cancel' }])
  expect(await read(asked)).toMatchObject({ state: 'cancelled', action: 'cancel' })
  expect(await at.sessions.elicitations.list({}, 10)).toHaveLength(1)
})

test('nobody answers in time: dismissed, and the turn goes on', async () => {
  await using asked = await ask(FORM, { limits: { permissionMs: 30 } })
  expect(await closes(asked)).toMatchObject({ state: 'timed_out', action: 'cancel', answeredBy: 'timeout' })
  expect(asked.agent.answers).toEqual([{ action: 'cancel' }])
})

test('a turn is not silent while a person is waited for', async () => {
  await using asked = await ask(FORM, { limits: { silenceMs: 30, permissionMs: 250 } })
  await closes(asked)
  expect(asked.agent.answers).toEqual([{ action: 'cancel' }])
  await reaches(asked, 'timed_out')
  const { closedAt = 0, requestedAt } = await read(asked)
  expect(closedAt - requestedAt).toBeGreaterThanOrEqual(250)
})

test('an agent that takes its question back gets its answer, and nobody else can give one', async () => {
  await using asked = await ask(FORM)
  asked.agent.listener.requestCancelled(5)
  expect(await closes(asked)).toMatchObject({ state: 'void', action: 'cancel', answeredBy: undefined })
  expect(asked.agent.answers).toEqual([{ action: 'cancel' }])
})

test('nobody is there: declined if the turn wants that', async () => {
  await using asked = await ask(FORM, { prompt: { unattended: 'deny' } })
  expect(await closes(asked)).toMatchObject({ action: 'decline', answeredBy: 'unattended:deny' })
})

test('nobody is there: the turn is given up if it wants that, all its questions with it, and says why', async () => {
  await using asked = await ask(FORM, { prompt: { unattended: 'fail' } })
  asked.agent.listener.elicitationAsked(6, LINK)
  await reaches(asked, 'failed')
  expect(await read(asked)).toMatchObject({ state: 'cancelled', answeredBy: 'unattended:fail' })
  const { outcome } = await asked.at.service.turn(asked.id, asked.turnId)
  expect(outcome?.error?.code).toBe('ELICITATION_NEEDED')
  expect(asked.agent.answers).toEqual([{ action: 'cancel' }, { action: 'cancel' }])
})

test('more questions than may be open are dismissed at once', async () => {
  await using asked = await ask(FORM, { limits: { permissionsOpenMax: 1 } })
  asked.agent.listener.elicitationAsked(6, FORM)
  await until(() => asked.agent.answers.length === 1, { ms: 2_000, what: () => 'the second one waits' })
  expect((await read(asked)).state).toBe('open')
})

test('the agent is lost: its question is closed', async () => {
  await using asked = await ask(FORM)
  asked.agent.listener.lost({ code: 'AGENT_EXITED', message: 'gone', details: {} })
  expect(await closes(asked)).toMatchObject({ state: 'void', action: 'cancel' })
})

test('C-66 a URL is consent only; that it is done is told once, for one that is known', async () => {
  await using asked = await ask(LINK)
  const { at, no, open, agent } = asked
  expect(open).toMatchObject({ url: 'https://login.example/abc', toolCallId: 't1' })
  await at.sessions.elicitations.answer(open.id, { action: 'accept', content: undefined }, 'me')
  expect(agent.answers).toEqual([{ action: 'accept', content: undefined }])
  for (const name of ['e1', 'e1', 'another']) agent.listener.elicitationCompleted(name)
  await until(async () => (await read(asked)).completedAt !== undefined, { ms: 2_000, what: () => 'not done' })
  agent.listener.answered(asked.turnId, END)
  await reaches(asked, 'completed')
  const told = (await at.history(no)).filter((one) => one.startsWith('elicitation'))
  expect(told).toEqual(['elicitation.requested', 'elicitation.closed:answered', 'elicitation.completed'])
})

test('a question that is open is open in the next life of the gateway, and its answer reaches the agent once', async () => {
  await using asked = await ask(FORM)
  const { at, open, agent } = asked
  await at.restart({ keepAgents: true })
  expect(await read(asked)).toEqual(open)
  await at.sessions.elicitations.answer(open.id, { action: 'accept', content: { name: 'xx' } }, 'me')
  await at.restart({ keepAgents: true })
  expect(agent.answers).toEqual([{ action: 'accept', content: { name: 'xx' } }])
})

test('an answer that was stored but not passed on is passed on by the next life, once, and its values are forgotten then', async () => {
  await using asked = await ask(FORM)
  const { at, no, open, agent } = asked
  at.connector.cut()
  await at.sessions.elicitations.answer(open.id, { action: 'accept', content: { name: 'xx' } }, 'me')
  expect(await at.store.elicitations.listUnsettled(no)).toMatchObject([{ content: '{"name":"xx"}' }])
  await at.restart({ keepAgents: true })
  await until(() => agent.answers.length === 1, { ms: 2_000, what: () => 'it was not passed on' })
  expect(agent.answers).toEqual([{ action: 'accept', content: { name: 'xx' } }])
  await until(async () => (await at.store.elicitations.listUnsettled(no)).length === 0, {
    ms: 2_000,
    what: () => 'the values are still stored',
  })
})

test('an answer whose agent is gone with the life before is forgotten by the next one', async () => {
  await using asked = await ask(FORM)
  const { at, no, open } = asked
  at.connector.cut()
  await at.sessions.elicitations.answer(open.id, { action: 'accept', content: { name: 'xx' } }, 'me')
  await at.restart()
  expect(await at.store.elicitations.listUnsettled(no)).toEqual([])
  expect(await read(asked)).toMatchObject({ state: 'answered', fields: ['name'] })
})

test('a URL that is done only after a restart is told as done', async () => {
  await using asked = await ask(LINK)
  const { at, open, agent } = asked
  await at.sessions.elicitations.answer(open.id, { action: 'accept', content: undefined }, 'me')
  await at.restart({ keepAgents: true })
  agent.listener.elicitationCompleted('e1')
  await until(async () => (await read(asked)).completedAt !== undefined, { ms: 2_000, what: () => 'not done' })
  expect((await at.history(asked.no)).at(-1)).toBe('elicitation.completed')
})

test('the inbox tells questions beside permission requests', async () => {
  await using asked = await ask(LINK)
  const { at, open } = asked
  using inbox = at.sessions.permissions.inbox()
  const steps = inbox[Symbol.asyncIterator]()
  expect((await steps.next()).value).toMatchObject({ permissions: [], elicitations: [{ id: open.id }] })
  await at.sessions.elicitations.answer(open.id, { action: 'accept', content: undefined }, 'me')
  expect((await steps.next()).value).toMatchObject({ kind: 'closed', elicitation: { id: open.id, action: 'accept' } })
  asked.agent.listener.elicitationCompleted('e1')
  expect((await steps.next()).value).toMatchObject({ kind: 'completed', elicitation: { id: open.id } })
})
