// What a session waits for, and what was counted: on real rows with fake agents.

import { expect, test } from 'vitest'

import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { systemClock } from '../../base/clock.ts'
import type { SessionId } from '../../base/ids.ts'
import { AgentSlots } from '../agents/agent-slots.ts'
import { Samples } from './samples.ts'

const HELLO = [{ type: 'text', text: 'hello' }]

async function newSession(at: TestSessions): Promise<SessionId> {
  const { status } = await at.service.ensure({ agent: 'fake', cwd: at.dir })
  return status.session.id
}

const kinds = async (at: TestSessions, id: SessionId): Promise<string[]> =>
  (await at.service.explain(id)).explanation.waits.map(({ kind }) => kind)

test('a session says that its agent works, then that it was asked to cancel, then that it waits for nothing', async () => {
  await using at = await TestSessions.start({ cancelGraceMs: 60_000 })
  at.connector.onPrompt = () => {}
  const id = await newSession(at)
  expect(await kinds(at, id)).toEqual([])
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await expect.poll(() => kinds(at, id)).toEqual(['agent'])
  const working = (await at.service.explain(id)).explanation
  expect(working).toMatchObject({ activity: 'running', turn: turn.id, queued: 0, frees: ['cancel', 'closeSession'] })
  expect(working.deadline).toMatchObject({ kind: 'silence' })
  await at.service.cancel(id)
  expect(await kinds(at, id)).toEqual(['cancel'])
  const [agent] = at.connector.agents
  agent?.listener.answered(turn.id, { kind: 'stopped', stopReason: 'cancelled', usage: undefined })
  await expect.poll(() => kinds(at, id)).toEqual([])
})

test('a permission request and an interrupted turn are waits for a person, with what frees them', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = (agent) => {
    agent.listener.permissionAsked({
      requestId: 7,
      toolCall: JSON.stringify({ toolCallId: 'c' }),
      options: [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }],
    })
  }
  const id = await newSession(at)
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await expect.poll(() => kinds(at, id)).toEqual(['permission'])
  expect((await at.service.explain(id)).explanation.frees).toContain('answerPermission')
  await at.restart()
  const { explanation } = await at.service.explain(id)
  expect(explanation.waits).toMatchObject([{ kind: 'decision', subject: turn.id }])
  expect(explanation).toMatchObject({ activity: 'blocked' })
  expect(explanation.frees).toContain('resumeSession')
})

test('turns are counted by their end, with the time in the queue apart from the time with the agent (T24)', async () => {
  await using at = await TestSessions.start()
  const waiting: (() => void)[] = []
  at.connector.onPrompt = (agent, turnId) =>
    void waiting.push(() =>
      agent.listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined }),
    )
  const id = await newSession(at)
  for (let i = 0; i < 3; i++) await at.service.prompt(id, { prompt: HELLO })
  for (let i = 0; i < 3; i++) {
    await expect.poll(() => waiting.length).toBe(i + 1)
    waiting[i]?.()
  }
  await expect.poll(() => at.sessions.statistics().turnsEnded).toEqual({ completed: 3 })
  const { turnsAccepted, queueWait, run, errors, agents } = at.sessions.statistics()
  expect({ turnsAccepted, waits: queueWait.count, runs: run.count, errors }).toEqual({
    turnsAccepted: 3,
    waits: 3,
    runs: 3,
    errors: [],
  })
  expect(agents).toMatchObject({ started: 1, failedToStart: 0 })
})

test('an idle agent that makes room for another session is counted', async () => {
  const slots = new AgentSlots({ liveMax: 1, startingMax: 1, waitMs: 5_000 }, systemClock)
  await using at = await TestSessions.start({}, { slots })
  for (let i = 0; i < 2; i++) {
    const { turn } = await at.service.prompt(await newSession(at), { prompt: HELLO })
    await expect.poll(async () => (await at.store.findTurn(turn.id))?.state).toBe('completed')
  }
  const { agents } = at.sessions.statistics()
  expect(agents).toMatchObject({ started: 2, evicted: 1, lastEvictedAt: expect.any(Number) as unknown })
})

test('quantiles are of the newest values, mean and maximum of all', () => {
  const samples = new Samples()
  expect(samples.distribution()).toEqual({ count: 0, meanMs: 0, maxMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 })
  samples.add(1_000_000)
  for (let i = 1; i <= 1_024; i++) samples.add(i)
  const { count, maxMs, p50Ms, p95Ms } = samples.distribution()
  expect({ count, maxMs, p50Ms, p95Ms }).toEqual({ count: 1_025, maxMs: 1_000_000, p50Ms: 513, p95Ms: 973 })
})
