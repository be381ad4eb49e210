// A cancel and the requests that are open or come after it: each is answered once. C-nn: docs/acp-client.md.

import { expect, test } from 'vitest'

import type { FakeAgent } from '../../../test/_support/fake-agent.ts'
import { openSession, send, turnEnded } from '../../../test/_support/session-steps.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import type { AgentAnswer } from '../../agent/connection.ts'
import { HoldfastError, toStoredError } from '../../base/errors.ts'
import type { TurnId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'

const CANCELLED = { outcome: 'cancelled' }
const YES: readonly JsonObject[] = [{ optionId: 'y', name: 'Yes', kind: 'allow_once' }]

function ask({ listener }: FakeAgent, requestId: number, options = YES): void {
  listener.permissionAsked({ requestId, toolCall: '{"toolCallId":"t"}', options })
}

const stopped = (stopReason: string): AgentAnswer => ({ kind: 'stopped', stopReason, usage: undefined })

test('C-43 C-44 open requests, and one that comes after the cancel, are answered cancelled, once each', async () => {
  await using at = await TestSessions.start({ cancelGraceMs: 2_000 })
  at.connector.onPrompt = (agent) => [1, 2].forEach((no) => ask(agent, no))
  const { id } = await openSession(at)
  const turnId = await send(at, id, 'work')
  await expect.poll(() => at.service.permissions({ state: 'open' }, 10)).toHaveLength(2)
  at.connector.onCancel = (agent) => ask(agent, 3)
  await at.service.cancel(id)
  const [agent] = at.connector.agents
  await expect.poll(() => agent?.outcomes).toEqual([CANCELLED, CANCELLED, CANCELLED]) // the turn is still out
  agent?.listener.answered(turnId, stopped('cancelled'))
  expect(await turnEnded(at, id, turnId)).toMatchObject({ state: 'cancelled', outcome: { forced: false } })
  expect(agent?.outcomes).toHaveLength(3)
  expect(await at.service.permissions({ sessionId: id }, 10)).toHaveLength(2) // the third was never a question
})

const raw = { code: -32_800, message: 'Request cancelled' }
const error = toStoredError(new HoldfastError('AGENT_ERROR', { agent: 'fake', reason: raw.message, raw }))
const ANSWERS: readonly [string, AgentAnswer, string][] = [
  ['cancelled', stopped('cancelled'), 'cancelled'],
  ['end_turn', stopped('end_turn'), 'completed'],
  ['the error -32800', { kind: 'error', error }, 'cancelled'],
]

test.each(ANSWERS)(
  'C-48 a cancelled turn that is answered with %s ends well, and the next one runs',
  async (_, answer, state) => {
    await using at = await TestSessions.start({ cancelGraceMs: 2_000 })
    const { onPrompt } = at.connector
    const { id } = await openSession(at)
    let turnId: TurnId | undefined
    at.connector.onPrompt = (_agent, given) => (turnId = given)
    at.connector.onCancel = ({ listener }) => {
      at.connector.onPrompt = onPrompt
      if (turnId !== undefined) listener.answered(turnId, answer)
    }
    const sent = await send(at, id, 'work')
    await expect.poll(() => turnId).toBe(sent)
    await at.service.cancel(id)
    expect(await turnEnded(at, id, sent)).toMatchObject({ state, outcome: { forced: false } })
    expect((await turnEnded(at, id, await send(at, id, 'next'))).state).toBe('completed')
    expect(at.connector.agents.map(({ stops }) => stops)).toEqual([0])
  },
)

test('C-49 an agent that hears no cancel has its prompt taken back, ends it, and is as good for the next one', async () => {
  await using at = await TestSessions.start({ cancelGraceMs: 40 })
  const { onPrompt } = at.connector
  at.connector.onPrompt = () => {}
  at.connector.onWithdraw = ({ listener }, turnId) => {
    at.connector.onPrompt = onPrompt
    listener.answered(turnId, { kind: 'error', error })
  }
  const { id } = await openSession(at)
  const turnId = await send(at, id, 'work')
  await expect.poll(() => at.connector.agents[0]?.prompts).toEqual([turnId])
  await at.service.cancel(id)
  expect(await turnEnded(at, id, turnId)).toMatchObject({ state: 'cancelled', outcome: { forced: false } })
  expect((await turnEnded(at, id, await send(at, id, 'next'))).state).toBe('completed')
  expect(at.connector.agents.map(({ withdrawn, stops }) => [withdrawn, stops])).toEqual([[[turnId], 0]])
})

test('C-49 an agent that hears neither is ended, after both were tried once, and the turn ends once', async () => {
  await using at = await TestSessions.start({ cancelGraceMs: 40 })
  at.connector.onPrompt = () => {}
  const { id, no } = await openSession(at)
  const turnId = await send(at, id, 'work')
  await expect.poll(() => at.connector.agents[0]?.prompts).toEqual([turnId])
  await at.service.cancel(id)
  expect(await turnEnded(at, id, turnId)).toMatchObject({ state: 'cancelled', outcome: { forced: true } })
  const [agent] = at.connector.agents
  await expect.poll(() => agent?.stops).toBe(1)
  expect([agent?.cancels, agent?.withdrawn, agent?.isClosed]).toEqual([1, [turnId], true])
  expect((await at.history(no)).filter((type) => type.startsWith('turn.ended'))).toHaveLength(1)
})

test('C-54 a cancel while nothing runs reaches no agent, and the next prompt runs in the same process', async () => {
  await using at = await TestSessions.start()
  const { id } = await openSession(at)
  await turnEnded(at, id, await send(at, id, 'work'))
  expect(await at.service.cancel(id)).toMatchObject({ outcome: 'none', turns: [] })
  expect((await turnEnded(at, id, await send(at, id, 'next'))).state).toBe('completed')
  expect(at.connector.agents.map(({ cancels, prompts }) => [cancels, prompts.length])).toEqual([[0, 2]])
})

test('C-50 C-51 a request that the agent takes back is answered once; taking back what is not open changes nothing', async () => {
  await using at = await TestSessions.start()
  const { id } = await openSession(at)
  at.connector.onPrompt = (agent, turnId) => {
    ask(agent, 1)
    for (const requestId of [7, 1, 1]) agent.listener.requestCancelled(requestId)
    agent.listener.answered(turnId, stopped('end_turn'))
  }
  expect((await turnEnded(at, id, await send(at, id, 'work'))).state).toBe('completed')
  expect(at.connector.agents[0]?.outcomes).toEqual([CANCELLED])
  expect(await at.service.permissions({ sessionId: id }, 10)).toMatchObject([{ state: 'void' }])
})

test('C-56 a request without options is answered cancelled, and nobody is asked', async () => {
  await using at = await TestSessions.start()
  const { id } = await openSession(at, { permissionMode: 'approve-all' })
  at.connector.onPrompt = (agent, turnId) => {
    ask(agent, 1, [])
    agent.listener.answered(turnId, stopped('end_turn'))
  }
  await turnEnded(at, id, await send(at, id, 'work'))
  expect(at.connector.agents[0]?.outcomes).toEqual([CANCELLED])
  expect(await at.service.permissions({ sessionId: id }, 10)).toEqual([])
})
