// Tasks on the real store with fake agents: a row with every turn of a child, one end, one telling, whatever dies in between.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { OnPrompt } from '../../test/_support/fake-connector.ts'
import { TestSessions } from '../../test/_support/test-sessions.ts'
import { until as untilWithin } from '../../test/_support/until.ts'
import type { SessionId, TaskId, TurnId } from '../base/ids.ts'
import { taskIdOf } from '../base/ids.ts'
import type { SessionRequest } from '../session/service.ts'
import type { StoredTask } from '../store/records.ts'

const HELLO = [{ type: 'text', text: 'hello' }]

let at: TestSessions

beforeEach(async () => {
  at = await TestSessions.start()
})
afterEach(() => at[Symbol.asyncDispose]())

const until = (isSo: () => boolean | Promise<boolean>, what = 'what the test waits for'): Promise<void> =>
  untilWithin(isSo, { ms: 5_000, what: () => what })

const chunk = (text: string): string =>
  JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })

/** Says `text` and ends the turn. */
const says =
  (text: string, stopReason = 'end_turn'): OnPrompt =>
  ({ listener }, turnId) => {
    listener.update(chunk(text))
    listener.answered(turnId, { kind: 'stopped', stopReason, usage: undefined })
  }

async function newSession(more: Partial<SessionRequest> = {}): Promise<{ id: SessionId; no: number }> {
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp', ...more })
  return status.session
}

async function family(more: Partial<SessionRequest> = {}) {
  const parent = await newSession()
  const child = await newSession({ parent: parent.id, label: 'the child', ...more })
  return { parent, child }
}

async function prompt(session: { id: SessionId }): Promise<TurnId> {
  return (await at.service.prompt(session.id, { prompt: HELLO })).turn.id
}

async function task(turnId: TurnId): Promise<StoredTask> {
  return (await at.tasks.get(taskIdOf(turnId))).task
}

async function settled(turnId: TurnId): Promise<StoredTask> {
  await until(async () => {
    const { isDue, end } = await task(turnId)
    return !isDue && end !== undefined
  }, `the task of ${turnId} has ended and was told`)
  return task(turnId)
}

async function told(no: number): Promise<{ type: string; data: Record<string, unknown> }[]> {
  const events = await at.store.readEvents(no, 0, 1_000)
  return events
    .filter(({ type }) => type === 'task.started' || type === 'task.ended')
    .map(({ type, data }) => ({ type, data: JSON.parse(data) as Record<string, unknown> }))
}

test('a turn of a session with a parent is a task of the parent, told once when it has ended', async () => {
  const { parent, child } = await family()
  at.connector.onPrompt = says('All tests pass.')
  const turnId = await prompt(child)
  expect(await settled(turnId)).toMatchObject({
    parent: parent.id,
    sessionId: child.id,
    turnId,
    label: 'the child',
    status: 'succeeded',
    progress: 'All tests pass.',
    delivery: 'delivered',
    end: { outcome: 'succeeded', summary: 'All tests pass.' },
  })
  expect(await told(parent.no)).toEqual([
    {
      type: 'task.ended',
      data: {
        task_id: taskIdOf(turnId),
        session_id: child.id,
        turn_id: turnId,
        label: 'the child',
        status: 'succeeded',
        outcome: 'succeeded',
        reason: null,
        summary: 'All tests pass.',
        error: null,
      },
    },
  ])
})

test('a session without a parent has no tasks', async () => {
  const session = await newSession()
  const turnId = await prompt(session)
  await until(async () => (await at.service.turn(session.id, turnId)).outcome !== undefined)
  expect(await at.tasks.list({}, { limit: 10 })).toEqual([])
  await expect(at.tasks.get(taskIdOf(turnId))).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
})

test('with notify prompt the parent gets a prompt to act on, under the id of the task', async () => {
  const { parent, child } = await family({ notify: 'prompt' })
  const asked: string[] = []
  at.connector.onPrompt = (agent, turnId, text) => {
    asked.push(text)
    says('done')(agent, turnId, text)
  }
  const turnId = await prompt(child)
  await settled(turnId)
  const [turn] = await at.service.turns(parent.id, { limit: 10 })
  expect(turn).toMatchObject({ origin: 'task', idempotencyKey: taskIdOf(turnId), n: 1 })
  await until(() => asked.length === 2)
  expect(asked[1]).toContain('has succeeded')
  expect(asked[1]).toContain('> done')
})

test('with notify state_changes the parent is told of the start too, silent tells nothing', async () => {
  const { parent, child } = await family({ notify: 'state_changes' })
  const gate = Promise.withResolvers<void>()
  at.connector.onPrompt = (agent, turnId, text) => {
    agent.listener.update(chunk('…'))
    void gate.promise.then(() => says('done')(agent, turnId, text))
  }
  const turnId = await prompt(child)
  await until(async () => (await told(parent.no)).length === 1)
  expect(await task(turnId)).toMatchObject({ status: 'running', isDue: false, delivery: 'pending' })
  gate.resolve()
  await settled(turnId)
  expect((await told(parent.no)).map(({ type }) => type)).toEqual(['task.started', 'task.ended'])

  const quiet = await newSession({ parent: parent.id, notify: 'silent' })
  expect(await settled(await prompt(quiet))).toMatchObject({ delivery: 'not_applicable', toldAt: undefined })
  expect((await told(parent.no)).length).toBe(2)
})

test('a gateway that ends between the end of a task and its telling tells it once in the next life', async () => {
  const { parent, child } = await family({ notify: 'prompt' })
  at.sessions.onTaskDue = () => {} // nobody tells in this life
  const turnId = await prompt(child)
  await until(async () => (await task(turnId)).isDue)
  await at.restart()
  await settled(turnId)
  await at.restart()
  await at.restart()
  expect((await told(parent.no)).length).toBe(1)
  expect((await at.service.turns(parent.id, { limit: 10 })).length).toBe(1)
})

test('a notice that is repeated, also at once, is taken once', async () => {
  const { parent, child } = await family()
  const turnId = await prompt(child)
  const { id: taskId } = await settled(turnId)
  const repeat = () => at.sessions.tell(parent.id, { taskId, what: 'ended', data: '{}', prompt: HELLO })
  await Promise.all([repeat(), repeat(), repeat()])
  expect((await told(parent.no)).length).toBe(1)
  expect(await at.service.turns(parent.id, { limit: 10 })).toEqual([])
})

test('a turn that is interrupted by the end of the gateway is a lost task', async () => {
  const { parent, child } = await family()
  at.connector.onPrompt = ({ listener }) => listener.update(chunk('working'))
  const turnId = await prompt(child)
  await until(async () => (await task(turnId)).status === 'running')
  await at.restart()
  expect(await settled(turnId)).toMatchObject({ status: 'lost', end: { error: { code: 'TURN_INTERRUPTED' } } })
  expect((await told(parent.no))[0]?.data).toMatchObject({ status: 'lost' })
})

test('a task goes on with its turn when the agent outlives the gateway, and a gap in its words shows', async () => {
  const { child } = await family()
  at.connector.onPrompt = ({ listener }) => listener.update(chunk('before '))
  const turnId = await prompt(child)
  await until(async () => (await task(turnId)).progress === 'before ')
  await at.restart({ keepAgents: true })
  const agent = at.connector.agents[0]!
  says('after')(agent, turnId, '')
  expect(await settled(turnId)).toMatchObject({
    status: 'succeeded',
    progress: 'before …after',
    end: { summary: '…after' },
  })
})

test('a parent that is closed is not told, and the task says so', async () => {
  const { parent, child } = await family()
  await at.service.close(parent.id)
  const turnId = await prompt(child)
  expect(await settled(turnId)).toMatchObject({ status: 'succeeded', delivery: 'parent_closed' })
})

test('a parent without a place for the prompt is told later', async () => {
  const { parent, child } = await family({ notify: 'prompt' })
  const gate = Promise.withResolvers<void>()
  const own = new Set<TurnId>()
  at.connector.onPrompt = (agent, turnId, text) => {
    if (own.has(turnId)) void gate.promise.then(() => says('x')(agent, turnId, text))
    else says('done')(agent, turnId, text)
  }
  for (let i = 0; i <= at.limits.queueDepthMax; i++) {
    const { turn } = await at.service.prompt(parent.id, { prompt: HELLO })
    own.add(turn.id)
  }
  const turnId = await prompt(child)
  await until(async () => (await task(turnId)).end !== undefined)
  expect((await task(turnId)).isDue).toBe(true)
  gate.resolve()
  await settled(turnId)
  expect((await told(parent.no)).length).toBe(1)
})

describe('a completed turn is blocked', () => {
  const ask =
    (decide: 'yes' | 'no', then: string): OnPrompt =>
    (agent, turnId, text) => {
      const options = [
        { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
        { optionId: 'no', name: 'No', kind: 'reject_once' },
      ]
      agent.listener.permissionAsked({ requestId: 1, toolCall: '{"title":"write main.ts"}', options })
      void until(async () => (await at.service.permissions({ state: 'open' }, 1)).length === 1)
        .then(async () => at.service.permissions({ state: 'open' }, 1))
        .then(([open]) => at.service.answerPermission(open!.id, { optionId: decide, answeredBy: 'test' }))
        .then(() => says(then)(agent, turnId, text))
    }

  test.each<[string, OnPrompt, object]>([
    [
      'when all it asked for was refused',
      ask('no', 'I stop.'),
      { outcome: 'blocked', reason: 'permission was refused: write main.ts' },
    ],
    ['not when it was allowed', ask('yes', 'Done.'), { outcome: 'succeeded', reason: undefined }],
    ['when the agent refused', says('No.', 'refusal'), { outcome: 'blocked', reason: 'the agent refused' }],
    [
      'when it says so',
      says('I cannot write: permission denied at /etc/x.'),
      { outcome: 'blocked', reason: 'permission denied: /etc/x.' },
    ],
  ])('%s', async (_, onPrompt, end) => {
    const { child } = await family()
    at.connector.onPrompt = onPrompt
    expect(await settled(await prompt(child))).toMatchObject({ status: 'succeeded', end })
  })
})

test('cancelling a task cancels its turn; a queued one ends without having run', async () => {
  const { child } = await family()
  at.connector.onPrompt = ({ listener }) => listener.update(chunk('working'))
  at.connector.onCancel = ({ listener, prompts }) =>
    listener.answered(prompts.at(-1)!, { kind: 'stopped', stopReason: 'cancelled', usage: undefined })
  const running = await prompt(child)
  const queued = await prompt(child)
  expect(await at.tasks.cancel(taskIdOf(queued))).toEqual({ turns: [queued], outcome: 'ended' })
  await until(async () => (await task(running)).status === 'running')
  expect((await at.tasks.cancel(taskIdOf(running))).turns).toEqual([running])
  expect([(await settled(running)).status, (await settled(queued)).status]).toEqual(['cancelled', 'cancelled'])
  expect(await at.tasks.cancel(taskIdOf(queued))).toEqual({ turns: [], outcome: 'none' })
  await expect(at.tasks.cancel('task_none' as TaskId)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
})

test('tasks of one parent are listed newest first, page by page', async () => {
  const { parent, child } = await family()
  const other = await family()
  const turns = [await prompt(child), await prompt(child), await prompt(child)]
  await prompt(other.child)
  const first = await at.tasks.list({ parent: parent.id }, { limit: 2 })
  const rest = await at.tasks.list({ parent: parent.id }, { limit: 2, before: first.at(-1)!.task.no })
  expect([...first, ...rest].map((one) => one.task.turnId)).toEqual(turns.toReversed())
  expect((await at.tasks.list({}, { limit: 10 })).length).toBe(4)
})
