// Traps of the seed that a session can fall into, each shown absent: docs/fault-battery.md, "Traps of the seed".

import { expect, test, vi } from 'vitest'

import type { FakeConnector } from '../../test/_support/fake-connector.ts'
import { openSession, send, turnEnded, type OpenSession } from '../../test/_support/session-steps.ts'
import { TestSessions } from '../../test/_support/test-sessions.ts'
import type { Controls } from '../agent/control-plan.ts'
import { systemClock } from '../base/clock.ts'
import { HoldfastError } from '../base/errors.ts'
import type { EventRecord } from '../store/records.ts'
import { AgentSlots } from './agents/agent-slots.ts'
import type { SessionLimits } from './state.ts'

const hang = (): void => {}
const MODES: Controls = {
  modes: { current: 'ask', available: ['ask', 'code'].map((id) => ({ id, name: id })) },
  models: undefined,
  config: undefined,
}

/** Agents whose end nobody hears of before the function that is given is called. */
function holdStops(connector: FakeConnector): () => void {
  const { connect } = connector
  const released = Promise.withResolvers<void>()
  connector.connect = async (request, signal) => {
    const connection = await connect(request, signal)
    return { ...connection, stop: () => released.promise.then(() => connection.stop()) }
  }
  return released.resolve
}

/** Starts that never come to an end, unless they are given up. */
function neverStarts(connector: FakeConnector): void {
  connector.connect = (_, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

test('T1: an agent that is to make room and does not end holds up no call for another session', async () => {
  const slots = new AgentSlots({ liveMax: 2, startingMax: 2, waitMs: 60_000 }, systemClock)
  await using at = await TestSessions.start({ stopMs: 60_000, startMs: 60_000 }, { slots })
  const [idle, busy, third] = [await openSession(at), await openSession(at), await openSession(at)]
  const release = holdStops(at.connector)
  await turnEnded(at, idle.id, await send(at, idle.id, 'hello'))
  at.connector.onPrompt = hang
  const running = await send(at, busy.id, 'works')
  await expect.poll(() => slots.live).toBe(2)
  await send(at, third.id, 'wants the place of the idle one')
  await expect.poll(async () => (await at.service.get(idle.id)).live.activity).toBe('stopping')
  expect(await at.service.cancel(busy.id)).toMatchObject({ outcome: 'requested' })
  expect(await turnEnded(at, busy.id, running)).toMatchObject({ state: 'cancelled' })
  expect(await at.service.list({}, { limit: 10 })).toHaveLength(3)
  expect((await at.service.close(third.id)).turns).toHaveLength(1)
  expect((await at.service.get(idle.id)).live.activity).toBe('stopping')
  release()
})

test('T2: a prompt to a session that cannot take it leaves no turn and no task', async () => {
  await using at = await TestSessions.start()
  const parent = await openSession(at)
  const child = await openSession(at, { parent: parent.id })
  await at.service.close(child.id)
  await expect(send(at, child.id, 'late')).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
  expect(await at.service.turns(child.id, { limit: 10 })).toEqual([])
  expect(await tasksOf(at, parent)).toEqual([])
})

test('T2: when an accepted prompt turns out to have no agent any more, its turn and its task end as failed', async () => {
  const agents = { isThere: true }
  const definition = { name: 'fake', title: 'Fake', argv: ['fake'] as const, env: {}, source: 'config' as const }
  const findDefinition = () => (agents.isThere ? definition : undefined)
  await using at = await TestSessions.start({}, { findDefinition })
  const parent = await openSession(at)
  const child = await openSession(at, { parent: parent.id, onInterrupt: 'continue' })
  at.connector.onPrompt = hang
  await send(at, child.id, 'runs')
  const queued = await send(at, child.id, 'waits')
  agents.isThere = false
  await at.restart()
  const turn = await turnEnded(at, child.id, queued)
  expect(turn).toMatchObject({ state: 'failed', delivery: 'no', outcome: { error: { code: 'AGENT_UNKNOWN' } } })
  expect(await tasksOf(at, parent)).toEqual(['failed', 'lost'])
})

async function tasksOf(at: TestSessions, { id: parent }: OpenSession): Promise<unknown[]> {
  return (await at.tasks.list({ parent }, { limit: 10 })).map(({ task }) => task.end?.status)
}

const LONG = 3_600_000
const PATIENT: Partial<SessionLimits> = {
  startMs: LONG,
  silenceMs: LONG,
  turnMs: LONG,
  cancelGraceMs: LONG,
  controlMs: LONG,
  stopMs: LONG,
}

interface Phase {
  readonly phase: string
  /** Every other deadline is an hour away. */
  readonly limits: Partial<SessionLimits>
  /** Leaves the agent without an answer; resolves with how the wait ended. */
  play(at: TestSessions, session: OpenSession): Promise<unknown>
  readonly ends: unknown
}

async function endOf(at: TestSessions, { id }: OpenSession): Promise<string> {
  const turnId = await send(at, id, 'hello')
  return (await turnEnded(at, id, turnId)).state
}

const PHASES: readonly Phase[] = [
  {
    phase: 'the start',
    limits: { startMs: 50 },
    play: (at, session) => {
      neverStarts(at.connector)
      return endOf(at, session)
    },
    ends: 'failed',
  },
  {
    phase: 'a prompt and then its cancel',
    limits: { silenceMs: 50, cancelGraceMs: 50 },
    play: (at, session) => {
      at.connector.onPrompt = hang
      return endOf(at, session)
    },
    ends: 'timed_out',
  },
  {
    phase: 'a prompt that it talks through',
    limits: { turnMs: 50, cancelGraceMs: 50 },
    play: (at, session) => {
      at.connector.onPrompt = hang
      return endOf(at, session)
    },
    ends: 'timed_out',
  },
  {
    phase: 'a change of an option',
    limits: { controlMs: 50 },
    play: async (at, session) => {
      at.connector.controls = MODES
      at.connector.onControl = hang
      await endOf(at, session)
      const change = at.service.change(session.id, { options: { mode: 'code' } })
      return change.catch(({ code }: HoldfastError) => code)
    },
    ends: 'CONTROL_REFUSED',
  },
  {
    phase: 'a close',
    limits: { cancelGraceMs: 50, stopMs: 50 },
    play: async (at, session) => {
      holdStops(at.connector)
      at.connector.onPrompt = hang
      const state = endOf(at, session)
      await expect.poll(() => at.connector.agents[0]?.prompts).toHaveLength(1)
      return [(await at.service.close(session.id)).session.state, await state]
    },
    ends: ['closed', 'cancelled'],
  },
]

test.each(PHASES)(
  'T3: an agent that leaves $phase without an answer costs the time of that one deadline',
  async (each) => {
    await using at = await TestSessions.start({ ...PATIENT, ...each.limits })
    expect(await each.play(at, await openSession(at))).toEqual(each.ends)
  },
)

test('T4: of many starts in one instant no more begin than there are slots, and those that fail give their slots back', async () => {
  const slots = new AgentSlots({ liveMax: 2, startingMax: 9, waitMs: 60_000 }, systemClock)
  await using at = await TestSessions.start({}, { slots })
  const { connect } = at.connector
  const starting: (() => void)[] = []
  let most = 0
  at.connector.connect = async (request, signal) => {
    most = Math.max(most, slots.live)
    await new Promise<void>((resolve) => starting.push(resolve))
    if (failing.includes(request.sessionId))
      throw new HoldfastError('AGENT_NOT_ACP', { agent: 'fake', reason: 'no JSON' })
    return connect(request, signal)
  }
  const sessions = await Promise.all(Array.from({ length: 5 }, () => openSession(at)))
  const failing = [sessions[0]!.id, sessions[1]!.id]
  const turns = await Promise.all(sessions.map(async ({ id }) => ({ id, turnId: await send(at, id, 'hello') })))
  await expect.poll(() => starting.length).toBe(2)
  const ends = turns.map(async ({ id, turnId }) => (await turnEnded(at, id, turnId)).state)
  for (let begun = 0; begun < sessions.length; begun++) {
    await expect.poll(() => starting.length).toBeGreaterThan(begun)
    starting[begun]!()
  }
  expect(await Promise.all(ends)).toEqual(['failed', 'failed', ...Array(3).fill('completed')])
  expect(most).toBe(2)
})

test('T5: a session without an agent is closed from its row: no agent is started for it', async () => {
  await using at = await TestSessions.start()
  const [fresh, dormant] = [await openSession(at), await openSession(at)]
  await turnEnded(at, dormant.id, await send(at, dormant.id, 'hello'))
  await at.restart()
  for (const { id } of [fresh, dormant]) {
    expect(await at.service.close(id)).toMatchObject({ session: { state: 'closed' }, turns: [], stopped: undefined })
  }
  expect(at.connector.agents).toEqual([])
})

test('T9: a reader that takes nothing costs a turn no time, and gets all of its output before its end', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = ({ listener }, turnId) => {
    for (let i = 0; i < 900; i++) listener.update(chunk(String(i)))
    listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
  }
  const { id, no } = await openSession(at)
  using stream = at.events.subscribe(no, 0)
  const batches = stream[Symbol.asyncIterator]()
  await batches.next()
  const news = batches.next() // from here on it follows, and has nothing to read but what is published
  expect(await turnEnded(at, id, await send(at, id, 'talk'))).toMatchObject({ state: 'completed' })
  const read: string[] = []
  const take = ({ value }: IteratorResult<readonly EventRecord[]>): unknown =>
    read.push(...((value ?? []) as readonly EventRecord[]).map(({ type }) => type))
  take(await news)
  while (read.at(-1) !== 'turn.ended') take(await batches.next())
  expect(read.filter((type) => type === 'update')).toHaveLength(900)
})

function chunk(text: string): string {
  return JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })
}

test('T23: an end that cannot be stored is shown to nobody, whoever asks is told, and the next life settles its turn', async () => {
  await using at = await TestSessions.start()
  const { id, no } = await openSession(at)
  at.connector.onPrompt = hang
  const turnId = await send(at, id, 'hello')
  await expect.poll(() => at.connector.agents[0]?.prompts).toHaveLength(1)
  const failed = vi.spyOn(at.store, 'commit').mockRejectedValue(new HoldfastError('STORE_FAILED', { reason: 'disk' }))
  at.connector.agents[0]!.listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
  await expect.poll(() => failed.mock.calls.length).toBeGreaterThan(0)
  await expect(at.service.cancel(id)).rejects.toMatchObject({ code: 'STORE_FAILED' })
  expect((await at.service.turn(id, turnId)).outcome).toBeUndefined()
  expect(await at.history(no)).not.toContain('turn.ended:completed')
  await at.restart()
  expect(await turnEnded(at, id, turnId)).toMatchObject({ state: 'interrupted', delivery: 'unknown' })
})

test('T24: the time that a turn waits is counted apart from the time that it takes', async () => {
  let passedMs = 0
  const clock = { ...systemClock, now: () => systemClock.now() + passedMs }
  await using at = await TestSessions.start({ silenceMs: LONG, turnMs: LONG }, { clock })
  const { onPrompt } = at.connector
  at.connector.onPrompt = hang
  const { id } = await openSession(at)
  const first = await send(at, id, 'takes a minute')
  await expect.poll(() => at.connector.agents[0]?.prompts).toEqual([first])
  const later = [await send(at, id, 'waits for it'), await send(at, id, 'and this one, too')]
  passedMs = 60_000
  at.connector.onPrompt = onPrompt
  at.connector.agents[0]!.listener.answered(first, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
  for (const turnId of later) await turnEnded(at, id, turnId)
  const { queueWait, run } = at.sessions.statistics()
  expect([queueWait.count, run.count]).toEqual([3, 3])
  expect(queueWait.p50Ms).toBeGreaterThanOrEqual(60_000)
  expect(run.p50Ms).toBeLessThan(30_000)
})
