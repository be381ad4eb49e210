// Turns that the agent begins by itself.

import { expect, test } from 'vitest'

import type { FakeAgent } from '../../../test/_support/fake-agent.ts'
import { openSession, send, turnEnded } from '../../../test/_support/session-steps.ts'
import type { OpenSession } from '../../../test/_support/session-steps.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import type { SessionLimits } from '../state.ts'

const chunk = (text: string): string =>
  JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })
const tool = (status: string, sessionUpdate = 'tool_call'): string =>
  JSON.stringify({ sessionUpdate, toolCallId: 'call_1', status })

/** A session that has had a turn, whose agent is idle and whose late output has had its time. */
async function idle(
  limits: Partial<SessionLimits> = {},
): Promise<{ at: TestSessions; session: OpenSession; agent: FakeAgent }> {
  const at = await TestSessions.start({ lateOutputMs: 0, agentQuietMs: 60, ...limits })
  const session = await openSession(at)
  await turnEnded(at, session.id, await send(at, session.id, 'hello'))
  return { at, session, agent: at.connector.agents[0]! }
}

const own = async (at: TestSessions, { id }: OpenSession) =>
  (await at.service.turns(id, { limit: 20 })).filter(({ origin }) => origin === 'agent')
const states = async (at: TestSessions, session: OpenSession) => (await own(at, session)).map(({ state }) => state)

test('work without a prompt is a turn of the agent: stored with it, listed, completed when the agent is quiet', async () => {
  const { at, session, agent } = await idle()
  await using _ = at
  agent.listener.update(chunk('the build is done'))
  await expect.poll(() => states(at, session)).toEqual(['completed'])
  const [turn] = await own(at, session)
  expect(turn).toMatchObject({ n: 2, prompt: '[]', delivery: 'yes', outcome: { stopReason: undefined, forced: false } })
  const events = await at.store.readEvents(session.no, 0, 100)
  const inTurn = events.filter(({ turnId }) => turnId === turn?.id).map(({ type }) => type)
  expect(inTurn).toEqual(['turn.running', 'update', 'turn.ended'])
  expect(agent.stops).toBe(0)
})

test.each(['available_commands_update', 'current_mode_update', 'usage_update', 'session_info_update', 'plan'])(
  'a %s is no work: it belongs to no turn',
  async (sessionUpdate) => {
    const { at, session, agent } = await idle()
    await using _ = at
    agent.listener.update(JSON.stringify({ sessionUpdate }))
    await expect.poll(async () => (await at.history(session.no)).at(-1)).toBe('update')
    expect(await own(at, session)).toEqual([])
  },
)

test('what comes right after an answer belongs to no turn (C 50)', async () => {
  const { at, session, agent } = await idle({ lateOutputMs: 60_000 })
  await using _ = at
  agent.listener.update(chunk('late'))
  await expect.poll(async () => (await at.history(session.no)).at(-1)).toBe('update')
  expect(await own(at, session)).toEqual([])
})

test.each(['completed', 'failed', 'cancelled'])(
  'while a tool call is open the turn goes on; its end, %s, is waited for',
  async (end) => {
    const { at, session, agent } = await idle({ silenceMs: 60_000 })
    await using _ = at
    agent.listener.update(tool('in_progress'))
    await expect.poll(() => states(at, session)).toEqual(['running'])
    const { nextDeadline } = (await at.service.get(session.id)).live
    expect(nextDeadline).toMatchObject({ kind: 'turn' }) // the quiet time is as long as any silence
    agent.listener.update(tool(end, 'tool_call_update'))
    await expect.poll(() => states(at, session)).toEqual(['completed'])
  },
)

test('a prompt does not wait for it: it is completed and the prompt goes out', async () => {
  const { at, session, agent } = await idle({ agentQuietMs: 60_000 })
  await using _ = at
  agent.listener.update(chunk('still at it'))
  await expect.poll(() => states(at, session)).toEqual(['running'])
  const { turn, position } = await at.service.prompt(session.id, {
    prompt: [{ type: 'text', text: 'next' }],
    whenBusy: 'reject',
  })
  expect(position).toBe(0)
  await turnEnded(at, session.id, turn.id)
  expect(await states(at, session)).toEqual(['completed'])
  expect(agent.cancels).toBe(0)
})

test('a cancel ends it at once and tells the agent', async () => {
  const { at, session, agent } = await idle({ agentQuietMs: 60_000 })
  await using _ = at
  agent.listener.update(chunk('working'))
  await expect.poll(() => states(at, session)).toEqual(['running'])
  expect((await at.service.cancel(session.id)).outcome).toBe('ended')
  expect([await states(at, session), agent.cancels, agent.stops]).toEqual([['cancelled'], 1, 0])
})

test('an agent that floods by itself is stopped; the session goes on', async () => {
  const { at, session, agent } = await idle({ turnBytesMax: 500 })
  await using _ = at
  for (let i = 0; i < 10; i++) agent.listener.update(chunk('x'.repeat(100)))
  await expect.poll(() => states(at, session)).toContain('failed')
  await expect.poll(() => agent.stops).toBe(1)
  expect((await turnEnded(at, session.id, await send(at, session.id, 'next'))).state).toBe('completed')
})

test('a gateway that dies meanwhile leaves no session that is blocked; with its agent the turn goes on', async () => {
  const { at, session, agent } = await idle({ agentQuietMs: 200 })
  await using _ = at
  agent.listener.update(chunk('working'))
  await expect.poll(() => states(at, session)).toEqual(['running'])
  await at.restart({ keepAgents: true })
  await expect.poll(() => states(at, session)).toEqual(['completed'])
  at.connector.agents[0]?.listener.update(chunk('again'))
  await expect.poll(() => states(at, session)).toEqual(['running', 'completed'])
  await at.restart()
  expect(await states(at, session)).toEqual(['interrupted', 'completed'])
  expect((await at.service.get(session.id)).session.blockedBy).toBeUndefined()
})
