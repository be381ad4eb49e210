// A second attempt with a new process: only while no agent got the prompt, once, and after a pause. And the end of one-shot sessions.

import { expect, test } from 'vitest'

import { echo } from '../../../test/_support/fake-connector.ts'
import { openSession, send, turnEnded } from '../../../test/_support/session-steps.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { HoldfastError, toStoredError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { Lanes } from '../agents/lanes.ts'

const EXITED = { agent: 'fake', exit: 'code 1', stage: 'initialize' }

/** The next starts fail so; further ones do not. */
function failStarts(at: TestSessions, ...codes: ErrorCode[]): void {
  const { connect } = at.connector
  at.connector.connect = (request, signal) => {
    const code = codes.shift()
    return code === undefined ? connect(request, signal) : Promise.reject(new HoldfastError(code, EXITED))
  }
}

const count = (history: readonly string[], name: string): number => history.filter((one) => one === name).length

test('an agent that dies in its start is replaced once; the turn goes on and says so', async () => {
  await using at = await TestSessions.start()
  failStarts(at, 'AGENT_EXITED')
  const { id, no } = await openSession(at)
  expect((await turnEnded(at, id, await send(at, id, 'hello'))).state).toBe('completed')
  const history = await at.history(no)
  expect([count(history, 'agent.starting'), count(history, 'turn.requeued')]).toEqual([2, 1])
})

test('the second attempt is the last; the next prompt has two of its own', async () => {
  await using at = await TestSessions.start()
  failStarts(at, 'AGENT_EXITED', 'SPAWN_FAILED', 'KEEPER_UNAVAILABLE')
  const { id } = await openSession(at)
  const failed = await turnEnded(at, id, await send(at, id, 'one'))
  expect(failed).toMatchObject({ state: 'failed', delivery: 'no', outcome: { error: { code: 'SPAWN_FAILED' } } })
  expect((await turnEnded(at, id, await send(at, id, 'two'))).state).toBe('completed')
})

test.each<ErrorCode>(['AGENT_NOT_ACP', 'AGENT_COMMAND_MISSING', 'AGENT_START_TIMEOUT'])(
  'a start that fails with %s is not tried again',
  async (code) => {
    await using at = await TestSessions.start()
    failStarts(at, code)
    const { id, no } = await openSession(at)
    expect(await turnEnded(at, id, await send(at, id, 'hello'))).toMatchObject({ state: 'failed', delivery: 'no' })
    expect(count(await at.history(no), 'agent.starting')).toBe(1)
  },
)

test('each start that fails in a row is followed by a longer pause', async () => {
  await using at = await TestSessions.start({ startPauseMs: 40 })
  failStarts(at, 'AGENT_EXITED', 'AGENT_EXITED', 'AGENT_EXITED')
  const { id, no } = await openSession(at)
  await send(at, id, 'one')
  await turnEnded(at, id, await send(at, id, 'two'))
  const events = await at.store.readEvents(no, 0, 100)
  const starts = events.filter(({ type }) => type === 'agent.starting').map((event) => event.at)
  const pauses = starts.slice(1).map((start, index) => start - (starts[index] ?? 0))
  expect(pauses).toHaveLength(3)
  for (const [index, pauseMs] of pauses.entries()) expect(pauseMs).toBeGreaterThanOrEqual(40 * 2 ** index)
})

test('an agent that was gone before the prompt was written costs an attempt, not the turn', async () => {
  await using at = await TestSessions.start()
  const { id, no } = await openSession(at)
  await turnEnded(at, id, await send(at, id, 'warm'))
  const first = at.connector.agents[0]!
  first.isGone = true
  const turnId = await send(at, id, 'hello')
  first.listener.lost(toStoredError(new HoldfastError('AGENT_EXITED', EXITED)))
  expect(await turnEnded(at, id, turnId)).toMatchObject({ state: 'completed', delivery: 'yes', generation: 2 })
  expect(first.prompts).not.toContain(turnId)
  expect(count(await at.history(no), 'turn.requeued')).toBe(1)
})

test('a prompt that was written is never sent again, whatever became of the agent (S5)', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = ({ listener }) => listener.lost(toStoredError(new HoldfastError('AGENT_EXITED', EXITED)))
  const { id } = await openSession(at)
  const turn = await turnEnded(at, id, await send(at, id, 'hello'))
  expect([turn.state, turn.delivery]).toEqual(['failed', 'unknown'])
  expect(at.connector.agents.flatMap(({ prompts }) => prompts)).toHaveLength(1)
})

test('a one-shot session is closed when its agent could not start', async () => {
  await using at = await TestSessions.start()
  failStarts(at, 'AGENT_NOT_ACP')
  const { id } = await openSession(at, { mode: 'oneshot' })
  await turnEnded(at, id, await send(at, id, 'hello'))
  await expect.poll(async () => (await at.service.get(id)).session.state).toBe('closed')
})

test.each(['expired', 'cancelled'] as const)(
  'a one-shot session is closed when its prompt is %s in the queue',
  async (how) => {
    const lanes = new Lanes({ interactive: 0, background: 1, scheduled: 0 })
    await using at = await TestSessions.start({ boundLanes: ['background'] }, { lanes })
    at.connector.onPrompt = () => {}
    const first = await openSession(at)
    await send(at, first.id, 'in the way', { lane: 'background' })
    const { id } = await openSession(at, { mode: 'oneshot' })
    const expiry = how === 'expired' ? { expiresAt: Date.now() + 30 } : {}
    const turnId = await send(at, id, 'waits', { lane: 'background', ...expiry })
    expect((await at.service.get(id)).live).toMatchObject({ queued: [turnId], waitingFor: 'lane' })
    if (how === 'cancelled') await at.service.cancel(id, turnId)
    expect((await turnEnded(at, id, turnId)).state).toBe(how)
    await expect.poll(async () => (await at.service.get(id)).session.state).toBe('closed')
    at.connector.onPrompt = echo
  },
)
