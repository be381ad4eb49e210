// C 72 to 75: agents that do not begin, or do not go on with their conversation; how long one process serves its session. What
// becomes of a lost conversation is the session's policy, and never silence.

import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'
import type { TestAgent } from '../_support/test-gateway.ts'
import type { EventView } from '../../src/wire/event.ts'

const START_MS = 2_500
const HOSTINGS = ['keeper', 'inline'] as const

function scripted(...flags: string[]): TestAgent {
  return { command: [process.execPath, join(import.meta.dirname, '../agents/scripted-agent.mjs'), ...flags] }
}

const AGENTS = {
  newHangs: scripted('--new=hang'),
  newFails: scripted('--new=error'),
  newNeedsLogin: scripted('--new=auth'),
  ofAnotherVersion: scripted('--init=badver'),
  forgets: scripted(), // without a file for them, its conversations end with the process
  cannotLoad: scripted('--no-load'),
  loadFails: scripted('--load=error'),
  loadHangs: scripted('--load=hang'),
} as const

const deadlines = { initializeMs: 10_000, sessionNewMs: START_MS }

let gateway: TestGateway
beforeAll(async () => {
  gateway = await TestGateway.start({ agents: AGENTS, config: { deadlines } })
})
afterAll(() => gateway[Symbol.asyncDispose]())

const typesOf = (events: readonly EventView[]): string[] => events.map(({ type }) => type)

async function agentsOf(flag: string): Promise<number> {
  return gateway.agents().filter(({ command }) => command.includes(flag)).length
}

describe('an agent that does not begin', () => {
  test.for([
    { title: 'C 72: never answers session/new', agent: 'newHangs', flag: '--new=hang', code: 'AGENT_START_TIMEOUT' },
    { title: 'C 72: answers session/new with an error', agent: 'newFails', flag: '--new=error', code: 'AGENT_ERROR' },
    {
      title: 'C 73: speaks another version of the protocol',
      agent: 'ofAnotherVersion',
      flag: '--init=badver',
      code: 'AGENT_PROTOCOL_VERSION',
    },
  ])('$title: its turn fails with a code and was not delivered, no process is left', async ({ agent, flag, code }) => {
    const session = await gateway.newSession(agent)
    const turn = await gateway.ask(session, 'hello')
    expect(turn).toMatchObject({ state: 'failed', delivery: 'no', outcome: { error: { code } } })
    await expect.poll(() => agentsOf(flag), { timeout: 5_000 }).toBe(0)
    expect(typesOf(await gateway.events(session))).not.toContain('agent.ready')
  })
})

test('C 72: an agent that wants a login: the prompt waits, unsent, the session says what to type, no process is left', async () => {
  const session = await gateway.newSession('newNeedsLogin')
  const { turn } = await gateway.client.prompt(session, { prompt: 'hello' })
  await expect
    .poll(async () => (await gateway.client.getSession(session)).blocked, { timeout: 10_000 })
    .toMatchObject({
      turn_id: turn.id,
      reason: 'login_required',
      login: { command: 'holdfast agents login newNeedsLogin' },
    })
  expect(await gateway.client.getTurn(session, turn.id)).toMatchObject({ state: 'queued', delivery: 'no' })
  await expect.poll(() => agentsOf('--new=auth'), { timeout: 5_000 }).toBe(0)
})

/** A session whose agent had a conversation and is gone. */
async function bereaved(agent: string, continuity: string): Promise<string> {
  const session = await gateway.newSession(agent, { continuity })
  await gateway.ask(session, '@kill9')
  return session
}

/** What it answers when it is to go on; whatever the policy, the first two are errors that may pass. */
const REFUSALS = [
  { why: 'fails to load it', agent: 'loadFails', continuity: 'resume', code: 'AGENT_ERROR' },
  { why: 'fails to load it', agent: 'loadFails', continuity: 'fresh', code: 'AGENT_ERROR' },
  { why: 'never answers', agent: 'loadHangs', continuity: 'resume', code: 'AGENT_START_TIMEOUT' },
  { why: 'does not know it any more', agent: 'forgets', continuity: 'resume', code: 'AGENT_CONVERSATION_LOST' },
  { why: 'cannot load at all', agent: 'cannotLoad', continuity: 'resume', code: 'AGENT_CONVERSATION_LOST' },
] as const

describe('an agent that does not go on with its conversation', () => {
  test.each(REFUSALS)(
    'C 72, policy $continuity, it $why: the turn fails with $code, nothing begins afresh',
    async (lost) => {
      const session = await bereaved(lost.agent, lost.continuity)
      const { agent_session_id: before } = await gateway.client.getSession(session)
      const turn = await gateway.ask(session, 'who am I')
      expect(turn).toMatchObject({ state: 'failed', delivery: 'no', outcome: { error: { code: lost.code } } })
      const events = await gateway.events(session)
      expect(typesOf(events).filter((type) => type === 'agent.ready')).toHaveLength(1)
      expect(typesOf(events)).not.toContain('conversation.replaced')
      expect((await gateway.client.getSession(session)).agent_session_id).toBe(before)
    },
  )

  test('C 72, policy fresh: another conversation begins, and the events say so before its first turn', async () => {
    const session = await bereaved('forgets', 'fresh')
    const { agent_session_id: from } = await gateway.client.getSession(session)
    const turn = await gateway.ask(session, 'who am I')
    expect(turn).toMatchObject({ state: 'completed', delivery: 'yes' })
    const { agent_session_id: to } = await gateway.client.getSession(session)
    expect(to).not.toBe(from)
    const events = await gateway.events(session)
    const replaced = events.find(({ type }) => type === 'conversation.replaced')
    expect(replaced?.data).toMatchObject({ from, to, reason: 'policy' })
    const dispatched = events.find(({ type, turn_id: of }) => type === 'turn.dispatched' && of === turn.id)
    expect(replaced?.seq).toBeLessThan(dispatched?.seq ?? 0)
  })

  test('C 72, policy ask: the prompt waits, the session says why and what can be done, and that is done', async () => {
    const session = await bereaved('forgets', 'ask')
    const { turn } = await gateway.client.prompt(session, { prompt: 'who am I' })
    const blocked = async () => (await gateway.client.getSession(session)).blocked
    await expect
      .poll(blocked, { timeout: 10_000 })
      .toMatchObject({ turn_id: turn.id, reason: 'conversation_lost', actions: ['fresh', 'retry', 'discard'] })
    expect(await gateway.client.getTurn(session, turn.id)).toMatchObject({ state: 'queued', delivery: 'no' })
    await gateway.client.resume(session, 'fresh')
    expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed', delivery: 'yes' })
    expect(typesOf(await gateway.events(session))).toContain('conversation.replaced')
  })
})

test('C 72, inline: a gateway that is killed loses its agents; the next one fails the turn of a lost conversation', async () => {
  const config = { deadlines, keeper: { hosting: 'inline' } }
  await using inline = await TestGateway.start({ agents: AGENTS, config })
  const session = await inline.newSession('forgets')
  await inline.ask(session, 'hello')
  await inline.kill()
  await inline.start()
  const turn = await inline.ask(session, 'who am I')
  const error = { code: 'AGENT_CONVERSATION_LOST' }
  expect(turn).toMatchObject({ state: 'failed', delivery: 'no', outcome: { error } })
})

test('C 72, keeper: a gateway that is killed loses no conversation: an agent that could not go on elsewhere does not have to', async () => {
  const session = await gateway.newSession('forgets')
  await gateway.ask(session, 'hello')
  await gateway.kill()
  await gateway.start()
  expect((await gateway.ask(session, 'who am I')).state).toBe('completed')
  expect(typesOf(await gateway.events(session)).filter((type) => type === 'agent.ready')).toHaveLength(1)
})

test.for(HOSTINGS)('C 74, %s: three turns of a session are served by one process', async (hosting) => {
  await using one = await TestGateway.start({ config: { keeper: { hosting } } })
  const session = await one.newSession()
  for (const prompt of ['one', 'two', 'three']) expect((await one.ask(session, prompt)).state).toBe('completed')
  expect(await one.received('start')).toHaveLength(1)
  expect(typesOf(await one.events(session)).filter((type) => type === 'agent.starting')).toHaveLength(1)
})

test.for(HOSTINGS)(
  'C 75, %s: an agent that was idle for too long ends; the next prompt finds a new one that goes on, and is told so',
  async (hosting) => {
    const config = { keeper: { hosting }, agents: { idleMs: 1_000 } }
    await using patient = await TestGateway.start({ config })
    const session = await patient.newSession()
    await patient.ask(session, 'remember me')
    const pid = async () => (await patient.client.getSession(session)).agent_pid
    await expect.poll(pid, { timeout: 15_000 }).toBeNull()
    await patient.ask(session, '@recall')
    expect(await patient.text(session)).toBe('echo: remember merecall 1: remember me')
    const ready = (await patient.events(session)).filter(({ type }) => type === 'agent.ready')
    expect(ready.map(({ data }) => data)).toMatchObject([
      { generation: 1, continuity: 'new' },
      { generation: 2, continuity: 'loaded' },
    ])
  },
)
