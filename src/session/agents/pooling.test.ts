// Which agent stays alive after a turn, for the next prompt of its session, and which is stopped (session-stack P1, P2, P7, P9).

import { expect, test } from 'vitest'

import type { FakeAgent, OnPrompt } from '../../../test/_support/fake-connector.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import type { AgentAnswer } from '../../agent/connection.ts'
import { systemClock } from '../../base/clock.ts'
import { HoldfastError, toStoredError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import type { SessionId } from '../../base/ids.ts'
import type { SessionMode } from '../../store/records.ts'
import { AgentSlots } from './agent-slots.ts'

const HELLO = [{ type: 'text', text: 'hello' }]

const failure = (code: ErrorCode) => toStoredError(new HoldfastError(code, { agent: 'fake', reason: 'it says so' }))
const answering =
  (answer: AgentAnswer): OnPrompt =>
  ({ listener }, turnId) =>
    listener.answered(turnId, answer)
const stopped = (stopReason: string): AgentAnswer => ({ kind: 'stopped', stopReason, usage: undefined })

interface Row {
  readonly onPrompt: OnPrompt
  readonly mode?: SessionMode
  /** What happens while the agent has the prompt. */
  readonly meanwhile?: (at: TestSessions, id: SessionId) => Promise<unknown>
  readonly before?: (at: TestSessions) => void
  readonly state: string
}

const STAYS: Readonly<Record<string, Row>> = {
  'that has finished its turn': { onPrompt: answering(stopped('end_turn')), state: 'completed' },
  'that refuses to go on, as a stop reason': { onPrompt: answering(stopped('refusal')), state: 'completed' },
  'that answers with an error of its own': {
    onPrompt: answering({ kind: 'error', error: failure('AGENT_ERROR') }),
    state: 'failed',
  },
  'that was never given the prompt, because it does not take the content': {
    onPrompt: answering({ kind: 'refused', error: failure('PROMPT_UNSUPPORTED_CONTENT') }),
    state: 'failed',
  },
  'that was cancelled and says so': {
    onPrompt: () => {},
    meanwhile: async (at, id) => {
      at.connector.onCancel = (agent) => agent.listener.answered(agent.prompts[0]!, stopped('cancelled'))
      await at.service.cancel(id)
    },
    state: 'cancelled',
  },
}

const IS_STOPPED: Readonly<Record<string, Row>> = {
  'of a one-shot session': { onPrompt: answering(stopped('end_turn')), mode: 'oneshot', state: 'completed' },
  'of a session that is being closed': {
    onPrompt: () => {},
    meanwhile: (at, id) => {
      at.connector.onCancel = (agent) => agent.listener.answered(agent.prompts[0]!, stopped('end_turn'))
      return at.service.close(id)
    },
    state: 'completed',
  },
  'that needs a login': {
    onPrompt: (agent, turnId, prompt) => {
      agent.listener.update('{"sessionUpdate":"agent_thought_chunk","content":{"type":"text","text":"who?"}}')
      answering({ kind: 'error', error: failure('AGENT_AUTH_REQUIRED') })(agent, turnId, prompt)
    },
    state: 'failed',
  },
  'that breaks the protocol': {
    onPrompt: answering({ kind: 'error', error: failure('AGENT_PROTOCOL_ERROR') }),
    state: 'failed',
  },
  'whose connection is lost': {
    onPrompt: ({ listener }) => listener.lost(failure('AGENT_EXITED')),
    state: 'failed',
  },
  'that is deaf to a cancel': { onPrompt: () => {}, meanwhile: (at, id) => at.service.cancel(id), state: 'cancelled' },
  'that is retiring': {
    onPrompt: (agent, turnId) => {
      agent.listener.answered(turnId, stopped('end_turn'))
    },
    before: (at) => retireAll(at),
    state: 'completed',
  },
}

/** Every agent that is started from now on is retiring. */
function retireAll(at: TestSessions): void {
  const { connector } = at
  const connect = connector.connect.bind(connector)
  connector.connect = async (request, signal) => ({ ...(await connect(request, signal)), isRetiring: true })
}

/** One turn, played to its end; the agent that played it, and the state of the turn. */
async function play(at: TestSessions, row: Row): Promise<{ id: SessionId; agent: FakeAgent; state: string }> {
  row.before?.(at)
  at.connector.onPrompt = row.onPrompt
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp', mode: row.mode ?? 'persistent' })
  const { id } = status.session
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await expect.poll(() => at.connector.agents[0]?.prompts).toHaveLength(1)
  await row.meanwhile?.(at, id)
  await expect.poll(async () => (await at.service.turn(id, turn.id)).outcome).toBeDefined()
  const { state } = await at.service.turn(id, turn.id)
  return { id, agent: at.connector.agents[0]!, state }
}

for (const [name, row] of Object.entries(STAYS)) {
  test(`an agent ${name} stays for the next prompt`, async () => {
    await using at = await TestSessions.start()
    const { id, agent, state } = await play(at, row)
    expect([state, agent.stops, (await at.service.get(id)).live.activity]).toEqual([row.state, 0, 'idle'])
    await at.service.prompt(id, { prompt: HELLO })
    await expect.poll(() => agent.prompts).toHaveLength(2)
    expect(at.connector.agents).toHaveLength(1)
  })
}

for (const [name, row] of Object.entries(IS_STOPPED)) {
  test(`an agent ${name} is stopped`, async () => {
    await using at = await TestSessions.start({ cancelGraceMs: 50 })
    const { id, agent, state } = await play(at, row)
    expect(state).toBe(row.state)
    await expect.poll(() => agent.stops).toBe(1)
    await expect.poll(async () => (await at.service.get(id)).live.activity).toMatch(/^(dormant|closed)$/)
  })
}

test('after a login that was needed the next prompt goes to a new process, in the same conversation', async () => {
  await using at = await TestSessions.start()
  const { id } = await play(at, IS_STOPPED['that needs a login']!)
  at.connector.onPrompt = answering(stopped('end_turn'))
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await expect.poll(async () => (await at.service.turn(id, turn.id)).state).toBe('completed')
  expect(at.connector.agents[1]?.request).toMatchObject({ generation: 2, resume: `as-${id}` })
})

test('a start that fails leaves nothing in the pool, and its slot is free', async () => {
  await using at = await TestSessions.start()
  const { connector } = at
  const connect = connector.connect.bind(connector)
  connector.connect = () => Promise.reject(new HoldfastError('AGENT_NOT_ACP', { agent: 'fake', reason: 'no JSON' }))
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  const { id } = status.session
  for (let i = 0; i < 6; i++) {
    const { turn } = await at.service.prompt(id, { prompt: HELLO })
    await expect.poll(async () => (await at.service.turn(id, turn.id)).state).toBe('failed')
  }
  expect((await at.service.get(id)).live.activity).toBe('dormant')
  connector.connect = connect
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await expect.poll(async () => (await at.service.turn(id, turn.id)).state).toBe('completed')
})

test('while memory is short an idle agent ends for the start that waits, which then has the machine to itself', async () => {
  const slots = new AgentSlots({ liveMax: 9, startingMax: 9, waitMs: 5_000 }, systemClock, () => true)
  await using at = await TestSessions.start({}, { slots })
  const { agents } = at.connector
  const ids = await Promise.all(
    [1, 2].map(async () => (await at.service.ensure({ agent: 'fake', cwd: '/tmp' })).status.session.id),
  )
  for (const id of ids) {
    const { turn } = await at.service.prompt(id, { prompt: HELLO })
    await expect.poll(async () => (await at.service.turn(id, turn.id)).state).toBe('completed')
  }
  expect([agents.map(({ stops }) => stops), slots.live]).toEqual([[1, 0], 1])
})

test('while memory is short and every agent is busy, a start is refused after its wait, and says why', async () => {
  const slots = new AgentSlots({ liveMax: 9, startingMax: 9, waitMs: 50 }, systemClock, () => true)
  await using at = await TestSessions.start({}, { slots })
  at.connector.onPrompt = () => {}
  const ids = await Promise.all(
    [1, 2].map(async () => (await at.service.ensure({ agent: 'fake', cwd: '/tmp' })).status.session.id),
  )
  await at.service.prompt(ids[0]!, { prompt: HELLO })
  await expect.poll(() => at.connector.agents[0]?.prompts).toHaveLength(1)
  const { turn } = await at.service.prompt(ids[1]!, { prompt: HELLO })
  await expect
    .poll(async () => (await at.service.turn(ids[1]!, turn.id)).outcome)
    .toMatchObject({
      state: 'failed',
      delivery: 'no',
      error: { code: 'AGENT_LIMIT', details: { reason: 'memory is short' } },
    })
  expect(at.connector.agents[0]?.stops).toBe(0)
})
