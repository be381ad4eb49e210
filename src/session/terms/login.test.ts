// What becomes of a prompt whose agent wants a login, on the real store: kept, told of, sent once when somebody has logged in.

import { expect, test } from 'vitest'

import { echo } from '../../../test/_support/fake-connector.ts'
import type { OnPrompt } from '../../../test/_support/fake-connector.ts'
import type { Voice } from '../../../test/_support/fake-agent.ts'
import { openSession, send, turnEnded } from '../../../test/_support/session-steps.ts'
import type { OpenSession } from '../../../test/_support/session-steps.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { HoldfastError, toStoredError } from '../../base/errors.ts'
import type { SessionId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { SessionRequest } from '../service.ts'

const METHODS = [{ id: 'tty', name: 'Terminal', kind: 'terminal' }]

function wantsLogin(): HoldfastError {
  return new HoldfastError('AGENT_AUTH_REQUIRED', { agent: 'fake', reason: 'who are you', methods: METHODS })
}

const refuse: OnPrompt = ({ listener }, turnId) =>
  listener.answered(turnId, { kind: 'error', error: toStoredError(wantsLogin()) })

/** An agent that wants a login at its start, or when it is prompted. */
const WAYS: readonly (readonly [string, (at: TestSessions) => void])[] = [
  [
    'its start',
    (at) =>
      (at.connector.onConnect = () => {
        throw wantsLogin()
      }),
  ],
  ['its answer to the prompt', (at) => (at.connector.onPrompt = refuse)],
]

function logIn(at: TestSessions): void {
  at.connector.onConnect = () => {}
  at.connector.onPrompt = echo
}

async function opened(at: TestSessions, parts: Partial<SessionRequest> = {}): Promise<OpenSession> {
  const { id, no } = await openSession(at, parts)
  return { id, no }
}

async function isBlocked(at: TestSessions, id: SessionId): Promise<void> {
  const blockedBy = async () => (await at.service.get(id)).session.blockedBy
  await expect.poll(blockedBy, { timeout: 5_000 }).toBeDefined()
}

async function events(at: TestSessions, no: number, type: string): Promise<JsonObject[]> {
  const all = await at.store.readEvents(no, 0, 500)
  return all.filter((event) => event.type === type).map(({ data }) => JSON.parse(data) as JsonObject)
}

/** Prompts that reached a process, over all of them. */
const given = (at: TestSessions): number => at.connector.agents.reduce((sum, { prompts }) => sum + prompts.length, 0)

test.each(WAYS)('a prompt that meets a login at %s is kept, and goes out once after it', async (_, needLogin) => {
  await using at = await TestSessions.start()
  needLogin(at)
  const { id, no } = await opened(at)
  const turnId = await send(at, id, 'hello')
  await isBlocked(at, id)
  expect(await at.service.turn(id, turnId)).toMatchObject({ state: 'queued', delivery: 'no' })
  expect(await events(at, no, 'session.blocked')).toMatchObject([
    {
      turn_id: turnId,
      reason: 'login_required',
      actions: ['retry', 'discard'],
      agent: 'fake',
      methods: METHODS,
      command: 'holdfast agents login fake',
      error: { code: 'AGENT_AUTH_REQUIRED' },
    },
  ])
  expect(await at.sessions.logins.needed()).toEqual([{ agent: 'fake', sessions: 1, isElsewhere: false }])
  const before = given(at)
  logIn(at)
  expect(await at.sessions.logins.changed('fake', true)).toMatchObject({ agent: 'fake', resumed: [id] })
  expect(await turnEnded(at, id, turnId)).toMatchObject({ state: 'completed', delivery: 'yes' })
  expect(given(at) - before).toBe(1)
  expect(await at.sessions.logins.needed()).toEqual([])
})

test.each(WAYS)('a second refusal at %s blocks again, with one process for each try', async (_, needLogin) => {
  await using at = await TestSessions.start()
  needLogin(at)
  const { id, no } = await opened(at)
  await send(at, id, 'one')
  await send(at, id, 'two')
  await isBlocked(at, id)
  await at.sessions.logins.changed('fake', true)
  await expect.poll(async () => (await events(at, no, 'session.blocked')).length).toBe(2)
  await isBlocked(at, id)
  expect(await events(at, no, 'agent.starting')).toHaveLength(2)
  expect((await at.service.queued(id)).length).toBe(2)
})

test('a login that a person made by other means: retry goes on, discard ends what waits, nothing else is offered', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = refuse
  const { id } = await opened(at)
  const first = await send(at, id, 'one')
  await isBlocked(at, id)
  await expect(at.service.resume(id, 'continue')).rejects.toMatchObject({ code: 'ACTION_NOT_OFFERED' })
  expect((await at.service.explain(id)).explanation).toMatchObject({ waits: [{ kind: 'login', subject: first }] })
  logIn(at)
  await at.service.resume(id, 'retry')
  expect((await turnEnded(at, id, first)).state).toBe('completed')
  at.connector.onPrompt = refuse
  const second = await send(at, id, 'two')
  await isBlocked(at, id)
  await at.service.resume(id, 'discard')
  expect((await turnEnded(at, id, second)).state).toBe('cancelled')
  expect((await at.service.get(id)).session).toMatchObject({ blockedBy: undefined, terms: { login: undefined } })
})

test('what waits for a login is listed also when nobody works for the session any more', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = refuse
  const { id } = await opened(at)
  const queued = [await send(at, id, 'one'), await send(at, id, 'two')]
  await isBlocked(at, id)
  await expect.poll(() => [...at.sessions.overview()], { timeout: 5_000 }).toEqual([])
  expect((await at.service.get(id)).live).toMatchObject({ activity: 'blocked', queued })
  expect((await at.service.list({}, { limit: 10 })).map(({ live }) => live.queued)).toEqual([queued])
  expect((await at.service.explain(id)).explanation).toMatchObject({ activity: 'blocked', queued: 2 })
})

test('the wait outlives the gateway, and the process that refused the prompt is not gone on with', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = refuse
  const { id } = await opened(at)
  const turnId = await send(at, id, 'hello')
  await isBlocked(at, id)
  await at.restart()
  const waits = [{ kind: 'login', subject: turnId }]
  expect((await at.service.explain(id)).explanation).toMatchObject({ waits, queued: 1 })
  expect((await at.service.get(id)).session.terms.login).toMatchObject({ methods: METHODS, isElsewhere: false })
  logIn(at)
  expect((await at.sessions.logins.changed('fake', true)).resumed).toEqual([id])
  expect((await turnEnded(at, id, turnId)).state).toBe('completed')
})

test('a retry that was stored when the gateway died, before its agent was there, is made by the next life, once', async () => {
  await using at = await TestSessions.start()
  at.connector.onConnect = () => {
    throw wantsLogin()
  }
  const { id, no } = await opened(at)
  const turnId = await send(at, id, 'hello')
  await isBlocked(at, id)
  let starts = 0
  at.connector.connect = (_, signal) => {
    starts += 1
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(wantsLogin())))
  }
  await at.service.resume(id, 'retry')
  await expect.poll(() => starts).toBe(1)
  await at.restart()
  expect((await turnEnded(at, id, turnId)).state).toBe('completed')
  const decided = [await events(at, no, 'session.blocked'), await events(at, no, 'session.resumed')]
  expect([...decided.map(({ length }) => length), given(at)]).toEqual([1, 1, 1])
})

test('what an agent says of its session after the dispatch does not count as work: the prompt is kept, and said to be undelivered', async () => {
  await using at = await TestSessions.start()
  const commands = JSON.stringify({ sessionUpdate: 'available_commands_update', availableCommands: [] })
  at.connector.onPrompt = (agent, turnId, prompt) => {
    agent.listener.update(commands)
    refuse(agent, turnId, prompt)
  }
  const { id, no } = await opened(at)
  const turnId = await send(at, id, 'hello')
  await isBlocked(at, id)
  expect(await at.service.turn(id, turnId)).toMatchObject({ state: 'queued', delivery: 'no' })
  expect(await events(at, no, 'update')).toEqual([JSON.parse(commands)])
  expect(await events(at, no, 'turn.running')).toEqual([])
})

const OPTIONS = [{ optionId: 'once', name: 'Allow', kind: 'allow_once' }]

test.each<[string, (listener: Voice) => void]>([
  [
    'has answered something',
    (listener) =>
      listener.update(JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'I' } })),
  ],
  [
    'has asked for permission',
    (listener) => listener.permissionAsked({ requestId: 'r', toolCall: '{"toolCallId":"t"}', options: OPTIONS }),
  ],
])('a prompt is not sent again when the agent %s before it wants a login: its turn fails', async (_, works) => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = (agent, turnId, prompt) => {
    works(agent.listener)
    refuse(agent, turnId, prompt)
  }
  const { id } = await opened(at)
  expect(await turnEnded(at, id, await send(at, id, 'hello'))).toMatchObject({
    state: 'failed',
    delivery: 'yes',
    outcome: { error: { code: 'AGENT_AUTH_REQUIRED' } },
  })
  expect((await at.service.get(id)).session.blockedBy).toBeUndefined()
})

test.each(WAYS)(
  'at %s a prompt that holds nothing up fails, and so does the one of a one-shot session',
  async (_, needLogin) => {
    await using at = await TestSessions.start()
    needLogin(at)
    const { id } = await opened(at)
    const turnId = await send(at, id, 'hello', { onInterrupt: 'continue' })
    expect((await turnEnded(at, id, turnId)).outcome?.error?.code).toBe('AGENT_AUTH_REQUIRED')
    expect((await at.service.get(id)).session.blockedBy).toBeUndefined()
    const once = await opened(at, { mode: 'oneshot' })
    expect((await turnEnded(at, once.id, await send(at, once.id, 'hello'))).state).toBe('failed')
    await expect.poll(async () => (await at.service.get(once.id)).session.state).toBe('closed')
  },
)

test('when nothing waits any more, no login is asked for', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = refuse
  const { id, no } = await opened(at)
  const turnId = await send(at, id, 'hello')
  await isBlocked(at, id)
  await at.service.cancel(id, turnId)
  expect((await at.service.get(id)).session).toMatchObject({ blockedBy: undefined, terms: { login: undefined } })
  expect(await events(at, no, 'session.resumed')).toMatchObject([{ action: 'discard' }])
  await send(at, id, 'again')
  await isBlocked(at, id)
  await at.service.close(id)
  expect(await at.sessions.logins.needed()).toEqual([])
})

test('a login retires the processes that had the old one, but ends no turn; a logout retires them too, and frees nobody', async () => {
  await using at = await TestSessions.start()
  const held: (() => void)[] = []
  at.connector.onPrompt = (...args) => void held.push(() => echo(...args))
  const [idle, busy] = [await opened(at), await opened(at)]
  const first = await send(at, idle.id, 'one')
  await expect.poll(() => held.length).toBe(1)
  held.pop()?.()
  await turnEnded(at, idle.id, first)
  const running = await send(at, busy.id, 'two')
  await expect.poll(() => held.length).toBe(1)
  expect((await at.sessions.logins.changed('fake', false)).retired).toBe(2)
  await expect.poll(() => at.connector.agents.map(({ stops }) => stops)).toEqual([1, 0])
  held.pop()?.()
  expect((await turnEnded(at, busy.id, running)).state).toBe('completed')
  await expect.poll(() => at.connector.agents.map(({ stops }) => stops)).toEqual([1, 1])
  await expect(at.sessions.logins.changed('nobody', true)).rejects.toMatchObject({ code: 'AGENT_UNKNOWN' })
})

test('a start that is under way while somebody logs in is tried once more, not held', async () => {
  await using at = await TestSessions.start()
  const starts: PromiseWithResolvers<void>[] = []
  const { connect } = at.connector
  at.connector.connect = async (request, signal) => {
    const start = Promise.withResolvers<void>()
    starts.push(start)
    await start.promise
    return connect(request, signal)
  }
  const { id, no } = await opened(at)
  const turnId = await send(at, id, 'hello')
  await expect.poll(() => starts.length).toBe(1)
  await at.sessions.logins.changed('fake', true)
  starts[0]?.reject(wantsLogin())
  await expect.poll(() => starts.length).toBe(2)
  starts[1]?.resolve()
  expect((await turnEnded(at, id, turnId)).state).toBe('completed')
  expect(await events(at, no, 'session.blocked')).toEqual([])
})

test('a process that has refused a prompt, and was to end when the gateway died, is not given that prompt again', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = refuse
  const { connect } = at.connector
  let isDead = false
  const report = { forced: false, swept: 0, survivors: [], ms: 1, exit: undefined }
  at.connector.connect = async (request, signal) => ({
    ...(await connect(request, signal)),
    // The gateway dies before anything came of it.
    stop: () => (isDead ? Promise.resolve(report) : new Promise(() => {})),
  })
  const { id } = await opened(at)
  const turnId = await send(at, id, 'hello')
  await isBlocked(at, id)
  isDead = true
  await at.restart({ keepAgents: true })
  logIn(at)
  await at.service.resume(id, 'retry')
  expect((await turnEnded(at, id, turnId)).state).toBe('completed')
  expect(at.connector.agents.map(({ stops, prompts }) => [stops, prompts.length])).toEqual([
    [1, 1],
    [0, 1],
  ])
})
