// What becomes of a conversation that the agent cannot go on with, on the real store: each policy, each decision, each reset.

import { expect, test } from 'vitest'

import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { until } from '../../../test/_support/until.ts'
import type { WhenLost } from '../../agent/connection.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { SessionId } from '../../base/ids.ts'
import type { ContinuityPolicy } from '../../store/records.ts'

const HELLO = [{ type: 'text', text: 'hi' }]

interface Used {
  readonly id: SessionId
  readonly no: number
}

/** A session whose agent was given one prompt and is gone; the next start finds no conversation. */
async function withLost(at: TestSessions, continuity: ContinuityPolicy): Promise<Used> {
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp', continuity })
  const { id, no } = status.session
  await ask(at, id)
  await at.restart()
  at.connector.onConnect = ({ resume, whenLost }) => {
    if (resume !== undefined && whenLost !== ('fresh' satisfies WhenLost)) throw lost(resume)
  }
  return { id, no }
}

function lost(conversation: string): HoldfastError {
  return new HoldfastError('AGENT_CONVERSATION_LOST', { agent: 'fake', conversation, reason: 'refused' })
}

async function ask(at: TestSessions, id: SessionId): Promise<string> {
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  return ended(at, id, turn.id)
}

async function ended(at: TestSessions, id: SessionId, turnId: Parameters<TestSessions['service']['turn']>[1]) {
  let end = ''
  await until(
    async () => {
      const { state, delivery, outcome } = await at.service.turn(id, turnId)
      if (outcome !== undefined) end = [state, delivery, outcome.error?.code].filter(Boolean).join(' ')
      return end !== ''
    },
    { ms: 5_000, what: () => `turn ${turnId} ends` },
  )
  return end
}

async function blocked(at: TestSessions, id: SessionId): Promise<void> {
  const isBlocked = async (): Promise<boolean> => (await at.service.get(id)).session.blockedBy !== undefined
  await until(isBlocked, { ms: 5_000, what: () => 'the session is blocked' })
}

test('resume: the prompt fails with a code of its own, delivery no, and so does the next one', async () => {
  await using at = await TestSessions.start()
  const { id, no } = await withLost(at, 'resume')
  expect(await ask(at, id)).toBe('failed no AGENT_CONVERSATION_LOST')
  expect(await ask(at, id)).toBe('failed no AGENT_CONVERSATION_LOST')
  expect(await at.history(no)).not.toContain('conversation.replaced')
})

test.each(['ask', 'fork'] as const)(
  '%s: the prompt waits, unsent, until somebody decides for another conversation',
  async (policy) => {
    await using at = await TestSessions.start()
    const { id, no } = await withLost(at, policy)
    const { turn } = await at.service.prompt(id, { prompt: HELLO })
    await blocked(at, id)
    expect(await at.service.turn(id, turn.id)).toMatchObject({ state: 'queued', delivery: 'no' })
    await at.restart()
    expect((await at.service.get(id)).session.terms.conversation.isLost).toBe(true)
    await at.service.resume(id, 'fresh')
    expect(await ended(at, id, turn.id)).toBe('completed yes')
    expect(at.connector.agents.at(-1)?.request).toMatchObject({ resume: undefined })
    expect((await at.history(no)).filter((type) => type.startsWith('session.'))).toEqual([
      'session.created',
      'session.blocked',
      'session.resumed',
    ])
  },
)

test('a decision to try again goes on with the old conversation; to discard ends what waits', async () => {
  await using at = await TestSessions.start()
  const { id } = await withLost(at, 'ask')
  const first = (await at.service.prompt(id, { prompt: HELLO })).turn
  await blocked(at, id)
  at.connector.onConnect = () => {}
  await at.service.resume(id, 'retry')
  expect(await ended(at, id, first.id)).toBe('completed yes')
  expect(at.connector.agents.at(-1)?.request.resume).toBe(`as-${id}`)
  await at.restart()
  at.connector.onConnect = ({ resume = '' }) => {
    throw lost(resume)
  }
  const second = (await at.service.prompt(id, { prompt: HELLO })).turn
  await blocked(at, id)
  const { session } = await at.service.resume(id, 'discard')
  expect([session.blockedBy, await ended(at, id, second.id)]).toEqual([undefined, 'cancelled no'])
})

test('an interrupted turn cannot be answered with another conversation', async () => {
  await using at = await TestSessions.start()
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  const { id } = status.session
  at.connector.onPrompt = () => {}
  await at.service.prompt(id, { prompt: HELLO })
  await until(() => at.connector.agents.length === 1, { ms: 5_000, what: () => 'the agent has the prompt' })
  await at.restart()
  await expect(at.service.resume(id, 'fresh')).rejects.toMatchObject({
    code: 'ACTION_NOT_OFFERED',
    details: { actions: ['continue', 'retry', 'discard'] },
  })
  expect((await at.service.get(id)).session.blockedBy).toBeDefined()
})

test('a conversation that was given no prompt is no loss: the next process begins', async () => {
  await using at = await TestSessions.start()
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  const { id, no } = status.session
  const gate = Promise.withResolvers<void>()
  const { connect } = at.connector
  at.connector.connect = async (...args) => {
    await gate.promise
    return connect(...args)
  }
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await at.service.cancel(id, turn.id)
  gate.resolve()
  const isKnown = async (): Promise<boolean> => (await at.service.get(id)).session.agentSessionId !== undefined
  await until(isKnown, { ms: 5_000, what: () => 'the agent is ready' })
  await at.restart()
  expect(await ask(at, id)).toBe('completed yes')
  expect(at.connector.agents.at(-1)?.request.resume).toBeUndefined()
  expect(await at.history(no)).not.toContain('conversation.replaced')
})

test('reset conversation: the log goes on, the agent is ended, the next one begins and that is told before its output', async () => {
  await using at = await TestSessions.start()
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  const { id, no } = status.session
  await ask(at, id)
  const { stopped, cleared } = await at.service.reset(id, { what: 'conversation', force: false })
  expect([stopped?.survivors, cleared]).toEqual([[], [`as-${id}`]])
  await at.restart()
  at.connector.onConnect = (request) => Object.assign(request, { sessionId: 'another' })
  expect(await ask(at, id)).toBe('completed yes')
  const events = (await at.history(no)).filter((type) => /^conversation|^update|^agent.ready/.test(type))
  expect(events).toEqual([
    'agent.ready',
    'update',
    'conversation.reset',
    'conversation.replaced',
    'agent.ready',
    'update',
  ])
})

test('a reset waits for no turn: it is refused, or cancels it first', async () => {
  await using at = await TestSessions.start()
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp', options: { turn_timeout_seconds: 60 } })
  const { id, no } = status.session
  at.connector.onPrompt = () => {}
  at.connector.onCancel = ({ listener, prompts }) => {
    const [turnId] = prompts
    if (turnId !== undefined) listener.answered(turnId, { kind: 'stopped', stopReason: 'cancelled', usage: undefined })
  }
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  const waits = (await at.service.prompt(id, { prompt: HELLO })).turn
  await expect(at.service.reset(id, { what: 'options', force: false })).rejects.toMatchObject({ code: 'SESSION_BUSY' })
  const { cleared } = await at.service.reset(id, { what: 'options', force: true })
  expect([cleared, await ended(at, id, turn.id)]).toEqual([['turn_timeout_seconds'], 'cancelled yes'])
  expect((await at.service.get(id)).session.terms.options).toEqual({})
  await until(() => at.connector.agents.length === 2, { ms: 5_000, what: () => 'the next prompt has its own agent' })
  expect(await at.history(no)).toContain('options.reset')
  await at.service.cancel(id, waits.id)
})

test('when the agent began a conversation is known to every start that goes on with it, and anew after a reset', async () => {
  await using at = await TestSessions.start()
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  const { id } = status.session
  const before = Date.now()
  await ask(at, id)
  const began = (await at.service.get(id)).session.terms.conversation.begunAt
  expect(began).toBeGreaterThanOrEqual(before)
  expect(began).toBeLessThanOrEqual(Date.now())
  for (const _ of ['first', 'second']) {
    await at.restart()
    await ask(at, id)
    expect(at.connector.agents.at(-1)?.request).toMatchObject({ resume: `as-${id}`, begunAt: began })
  }
  await at.service.reset(id, { what: 'conversation', force: false })
  const after = Date.now()
  await ask(at, id)
  expect((await at.service.get(id)).session.terms.conversation.begunAt).toBeGreaterThanOrEqual(after)
})
