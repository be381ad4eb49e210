// Lanes and slots over many sessions: who waits says for what, and one session that hangs holds up no other.

import { expect, test } from 'vitest'

import type { OnPrompt } from '../../../test/_support/fake-connector.ts'
import { echo } from '../../../test/_support/fake-connector.ts'
import { openSession, send, turnEnded } from '../../../test/_support/session-steps.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { systemClock } from '../../base/clock.ts'
import { AgentSlots } from './agent-slots.ts'
import { boundLanesOf, Lanes } from './lanes.ts'

const hang: OnPrompt = () => {}

async function withLanes(background: number) {
  const bounds = { interactive: 0, background, scheduled: 0 }
  const lanes = new Lanes(bounds)
  const at = await TestSessions.start({ boundLanes: boundLanesOf(bounds) }, { lanes })
  return { at, lanes }
}

const waitingFor = async (at: TestSessions, id: Parameters<typeof send>[1]) =>
  (await at.service.get(id)).live.waitingFor

test('a lane bounds its turns over all sessions; an end lets the next one out; other lanes do not wait', async () => {
  const { at, lanes } = await withLanes(1)
  await using _ = at
  at.connector.onPrompt = hang
  at.connector.onCancel = (agent) =>
    agent.listener.answered(agent.prompts.at(-1)!, { kind: 'stopped', stopReason: 'cancelled', usage: undefined })
  const [one, two] = [await openSession(at), await openSession(at)]
  await send(at, one.id, 'first', { lane: 'background' })
  await expect.poll(() => lanes.out('background')).toBe(1)
  const second = await send(at, two.id, 'second', { lane: 'background' })
  expect(await waitingFor(at, two.id)).toBe('lane')
  at.connector.onPrompt = echo
  const urgent = await send(at, two.id, 'urgent', { whenBusy: 'interrupt' })
  expect((await turnEnded(at, two.id, urgent)).state).toBe('completed')
  expect((await at.service.turn(two.id, second)).state).toBe('queued')
  await at.service.cancel(one.id)
  expect((await turnEnded(at, two.id, second)).state).toBe('completed')
  await expect.poll(() => lanes.out('background')).toBe(0)
})

test('the sessions of a lane take turns: one with many prompts does not keep the others out', async () => {
  const { at } = await withLanes(1)
  await using _ = at
  const order: string[] = []
  const note: OnPrompt = (_agent, _turnId, prompt) => void order.push(prompt.includes('many') ? 'many' : 'one')
  at.connector.onPrompt = note
  const [many, other] = [await openSession(at), await openSession(at)]
  const first = await send(at, many.id, 'many', { lane: 'background' })
  await expect.poll(() => order).toEqual(['many'])
  const later = [await send(at, many.id, 'many', { lane: 'background' })]
  for (let i = 0; i < 3; i++) later.push(await send(at, many.id, 'many', { lane: 'background' }))
  const one = await send(at, other.id, 'one', { lane: 'background' })
  at.connector.onPrompt = (agent, turnId, prompt) => {
    note(agent, turnId, prompt)
    echo(agent, turnId, prompt)
  }
  at.connector.agents[0]?.listener.answered(first, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
  await turnEnded(at, other.id, one)
  await turnEnded(at, many.id, later.at(-1)!)
  expect(order).toEqual(['many', 'one', 'many', 'many', 'many', 'many'])
})

test('a start that waits for a slot, or for memory, says so', async () => {
  let isShort = false
  const slots = new AgentSlots({ liveMax: 2, startingMax: 1, waitMs: 5_000 }, systemClock, () => isShort)
  await using at = await TestSessions.start({}, { slots })
  at.connector.onPrompt = hang
  const sessions = [await openSession(at), await openSession(at), await openSession(at)]
  await send(at, sessions[0]!.id, 'runs')
  await expect.poll(() => slots.live).toBe(1)
  isShort = true
  await send(at, sessions[1]!.id, 'waits')
  await expect.poll(() => waitingFor(at, sessions[1]!.id)).toBe('memory')
  isShort = false
  slots.recheck()
  await expect.poll(() => slots.live).toBe(2)
  await send(at, sessions[2]!.id, 'waits')
  await expect.poll(() => waitingFor(at, sessions[2]!.id)).toBe('slot')
  await at.service.close(sessions[0]!.id)
  await expect.poll(() => waitingFor(at, sessions[2]!.id)).toBeUndefined()
})

test('of fifty sessions one never starts and one never answers: no prompt, cancel, close, status or list waits for them (T1, T6)', async () => {
  const slots = new AgentSlots({ liveMax: 64, startingMax: 4, waitMs: 5_000 }, systemClock)
  await using at = await TestSessions.start({ startMs: 60_000, silenceMs: 60_000, turnMs: 60_000 }, { slots })
  const { connect } = at.connector
  const sessions = await Promise.all(Array.from({ length: 50 }, () => openSession(at)))
  const [unborn, deaf, ...others] = sessions as [
    (typeof sessions)[0] & object,
    (typeof sessions)[0] & object,
    ...typeof sessions,
  ]
  at.connector.connect = (request, signal) =>
    request.sessionId === unborn.id
      ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
      : connect(request, signal)
  at.connector.onPrompt = (agent, turnId, prompt) =>
    agent.request.sessionId === deaf.id ? undefined : echo(agent, turnId, prompt)
  await send(at, unborn.id, 'never starts')
  await send(at, deaf.id, 'never answers')
  const turns = await Promise.all(others.map(async ({ id }) => ({ id, turnId: await send(at, id, 'hello') })))
  for (const { id, turnId } of turns) expect((await turnEnded(at, id, turnId)).state).toBe('completed')
  expect(await at.service.list({}, { limit: 100 })).toHaveLength(50)
  expect((await at.service.get(unborn.id)).live.activity).toBe('starting')
  expect((await at.service.get(deaf.id)).live.activity).toBe('running')
  const closed = await Promise.all([unborn, deaf].map(({ id }) => at.service.close(id)))
  expect(closed.map(({ session, turns: ended }) => [session.state, ended.length])).toEqual([
    ['closed', 1],
    ['closed', 1],
  ])
})
