// Options of a session on the real store: given at a start, asked of a living agent, told when they do not hold.

import { expect, test } from 'vitest'

import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { until } from '../../../test/_support/until.ts'
import type { Controls } from '../../agent/control-plan.ts'
import type { SessionId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import { offersOf } from './offers.ts'

const HELLO = [{ type: 'text', text: 'hi' }]

const OFFERED: Controls = {
  modes: { current: 'ask', available: ['ask', 'code'].map((id) => ({ id, name: id })) },
  models: { current: 'small', available: ['small', 'big'].map((id) => ({ id, name: id })) },
  config: undefined,
}

async function newSession(at: TestSessions, options: JsonObject = {}): Promise<{ id: SessionId; no: number }> {
  at.connector.controls = OFFERED
  return (await at.service.ensure({ agent: 'fake', cwd: '/tmp', options })).status.session
}

async function ask(at: TestSessions, id: SessionId): Promise<string> {
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  const state = async (): Promise<string> => (await at.service.turn(id, turn.id)).state
  await until(async () => !['queued', 'dispatching', 'running'].includes(await state()), {
    ms: 5_000,
    what: () => `turn ${turn.id} ends`,
  })
  return state()
}

async function optionsOf(at: TestSessions, id: SessionId): Promise<object> {
  return (await at.service.get(id)).session.terms.options
}

test('what is chosen before there is an agent is given to each process that starts, and to none twice', async () => {
  await using at = await TestSessions.start()
  const { id } = await newSession(at, { mode: 'code' })
  await at.service.change(id, { options: { model: 'big' } })
  await ask(at, id)
  await ask(at, id)
  await at.restart()
  await ask(at, id)
  const wanted = [
    { option: 'model', value: 'big' },
    { option: 'mode', value: 'code' },
  ]
  expect(at.connector.agents.map(({ request }) => request.options)).toEqual([wanted])
  expect(at.connector.agents.flatMap(({ controls }) => controls)).toEqual([])
})

test('a living agent is asked; what it has taken is stored, told and shown', async () => {
  await using at = await TestSessions.start()
  const { id, no } = await newSession(at)
  await ask(at, id)
  const { session } = await at.service.change(id, { options: { mode: 'code' }, continuity: 'ask' })
  expect(at.connector.agents[0]?.controls).toEqual([{ method: 'session/set_mode', params: { modeId: 'code' } }])
  expect([session.terms.options, session.terms.continuity]).toEqual([{ mode: 'code' }, 'ask'])
  expect(offersOf(session)?.modes?.current).toBe('code')
  const [changed] = (await at.store.readEvents(no, 0, 100)).filter(({ type }) => type === 'options.changed')
  expect(JSON.parse(changed?.data ?? '{}')).toEqual({ options: { mode: 'code' }, continuity: 'ask' })
})

test('what a living agent does not offer is never sent, and changes nothing of the request', async () => {
  await using at = await TestSessions.start()
  const { id } = await newSession(at)
  await ask(at, id)
  const change = at.service.change(id, { options: { model: 'big', mode: 'plan' }, continuity: 'fresh' })
  await expect(change).rejects.toMatchObject({
    code: 'CONTROL_UNSUPPORTED',
    details: { option: 'mode', value: 'plan', advertised: ['ask', 'code'] },
  })
  expect(at.connector.agents[0]?.controls).toEqual([])
  const { terms } = (await at.service.get(id)).session
  expect([terms.options, terms.continuity]).toEqual([{}, 'resume'])
})

test('a refusal says what the agent answered; what it took before is kept', async () => {
  await using at = await TestSessions.start()
  const { id } = await newSession(at)
  await ask(at, id)
  at.connector.onControl = ({ listener }, no, { method }) => {
    const error = { code: 'AGENT_ERROR' as const, message: 'not now' }
    listener.controlled(
      no,
      method === 'session/set_mode' ? { kind: 'refused', error } : { kind: 'accepted', result: {} },
    )
  }
  const change = at.service.change(id, { options: { mode: 'code', model: 'big' } })
  await expect(change).rejects.toMatchObject({
    code: 'CONTROL_REFUSED',
    details: { option: 'mode', error: { message: 'not now' } },
  })
  expect(await optionsOf(at, id)).toEqual({ model: 'big' })
})

test('an agent that does not answer costs the caller a bounded time, and holds no prompt longer', async () => {
  await using at = await TestSessions.start({ controlMs: 50 })
  const { id } = await newSession(at)
  await ask(at, id)
  at.connector.onControl = () => {}
  const change = at.service.change(id, { options: { mode: 'code' } })
  const refusal = change.catch((error: unknown) => error)
  expect(await ask(at, id)).toBe('completed')
  expect(await refusal).toMatchObject({ code: 'CONTROL_REFUSED', details: { reason: 'no answer within 0.05 s' } })
  expect(await optionsOf(at, id)).toEqual({})
})

test('while a turn runs the agent is asked at once, and may answer after the turn', async () => {
  await using at = await TestSessions.start({ controlMs: 500 })
  const { id } = await newSession(at)
  const turns: (() => void)[] = []
  at.connector.onPrompt = ({ listener }, turnId) => {
    turns.push(() => listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined }))
  }
  await at.service.prompt(id, { prompt: HELLO })
  await until(() => turns.length === 1, { ms: 5_000, what: () => 'the turn runs' })
  let answer = (): void => {}
  at.connector.onControl = ({ listener }, no) => {
    answer = () => listener.controlled(no, { kind: 'accepted', result: {} })
  }
  const change = at.service.change(id, { options: { mode: 'code' } })
  await until(() => at.connector.agents[0]?.controls.length === 1, { ms: 5_000, what: () => 'the agent is asked' })
  turns[0]?.()
  const isIdle = async (): Promise<boolean> => (await at.service.get(id)).live.activity === 'idle'
  await until(isIdle, { ms: 5_000, what: () => 'the turn has ended' })
  answer()
  expect((await change).session.terms.options).toEqual({ mode: 'code' })
})

test('an agent that ends before it answers leaves the change undone; the next start is as before', async () => {
  await using at = await TestSessions.start()
  const { id } = await newSession(at)
  await ask(at, id)
  at.connector.onControl = ({ listener }) => listener.lost({ code: 'AGENT_EXITED', message: 'gone' })
  const change = at.service.change(id, { options: { mode: 'code' } })
  await expect(change).rejects.toMatchObject({ code: 'CONTROL_REFUSED', details: { option: 'mode' } })
  await ask(at, id)
  expect(at.connector.agents.at(-1)?.request.options).toEqual([])
})

test('what the agent says of itself is kept: its mode, its title', async () => {
  await using at = await TestSessions.start()
  const { id } = await newSession(at)
  await ask(at, id)
  const [agent] = at.connector.agents
  agent?.listener.described({ sessionUpdate: 'current_mode_update', currentModeId: 'code' })
  agent?.listener.described({ sessionUpdate: 'session_info_update', title: 'Fix the test' })
  const seen = async (): Promise<unknown[]> => {
    const { session } = await at.service.get(id)
    return [offersOf(session)?.modes?.current, session.terms.title]
  }
  const what = (): string => 'mode and title are stored'
  await until(async () => (await seen()).join() === 'code,Fix the test', { ms: 5_000, what })
  agent?.listener.described({ sessionUpdate: 'session_info_update', title: null })
  await until(async () => (await seen())[1] === undefined, { ms: 5_000, what: () => 'the title is cleared' })
  expect(await seen()).toEqual(['code', undefined])
})

test('what an agent did not take at its start is told, and the turn goes on', async () => {
  await using at = await TestSessions.start()
  const { id, no } = await newSession(at, { mode: 'plan' })
  const { connect } = at.connector
  at.connector.connect = async (...args) => {
    const refused = [{ option: 'mode', value: 'plan', reason: 'not_advertised' as const, advertised: ['ask', 'code'] }]
    return { ...(await connect(...args)), refused }
  }
  expect(await ask(at, id)).toBe('completed')
  const events = await at.store.readEvents(no, 0, 100)
  const told = events.findIndex(({ type }) => type === 'option.refused')
  expect(JSON.parse(events[told]?.data ?? '{}')).toMatchObject({ option: 'mode', reason: 'not_advertised' })
  expect(told).toBeLessThan(events.findIndex(({ type }) => type === 'turn.dispatched'))
})

test('the limit of a turn is the chosen one, and its error says so', async () => {
  await using at = await TestSessions.start({ turnMs: 60_000, silenceMs: 60_000 })
  const { id } = await newSession(at, { turn_timeout_seconds: 1 })
  at.connector.onPrompt = () => {}
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  const ended = async () => (await at.service.turn(id, turn.id)).outcome
  await until(async () => (await ended()) !== undefined, { ms: 5_000, what: () => 'the turn ends' })
  const details = { stage: 'turn', seconds: 1 }
  expect(await ended()).toMatchObject({ state: 'timed_out', error: { code: 'TURN_TIMED_OUT', details } })
})
