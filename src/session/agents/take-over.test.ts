// A gateway is gone in the middle of something, its agents are not: what the next one makes of it, on the real store.

import { expect, test, vi } from 'vitest'

import { UNEQUIPPED } from '../../agent/equipment.ts'
import { echo } from '../../../test/_support/fake-connector.ts'
import { FakeAgent } from '../../../test/_support/fake-agent.ts'
import type { OnPrompt } from '../../../test/_support/fake-agent.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { CancelledError, HoldfastError } from '../../base/errors.ts'
import type { PermissionId, SessionId, TurnId } from '../../base/ids.ts'
import type { TurnState } from '../../store/records.ts'
import type { PromptRequest } from '../service.ts'

const HELLO = [{ type: 'text', text: 'hello' }]
const OPTIONS = [
  { optionId: 'y', name: 'Yes', kind: 'allow_once' },
  { optionId: 'n', name: 'No', kind: 'reject_once' },
]
const hang: OnPrompt = () => {}
const asks: OnPrompt = ({ listener }) => listener.permissionAsked({ requestId: 5, toolCall: '{}', options: OPTIONS })
const END_TURN = { kind: 'stopped', stopReason: 'end_turn', usage: undefined } as const
const KEEP = { keepAgents: true } as const

interface Started {
  readonly id: SessionId
  readonly no: number
  readonly turnId: TurnId
  readonly agent: FakeAgent
}

/** A session whose first prompt has reached its agent. */
async function start(at: TestSessions, onPrompt: OnPrompt, request: Partial<PromptRequest> = {}): Promise<Started> {
  at.connector.onPrompt = onPrompt
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  const { id, no } = status.session
  const { turn } = await at.service.prompt(id, { prompt: HELLO, ...request })
  await expect.poll(() => at.connector.agents.at(-1)?.prompts).toContain(turn.id)
  return { id, no, turnId: turn.id, agent: at.connector.agents.at(-1) as FakeAgent }
}

function reaches(at: TestSessions, id: SessionId, turnId: TurnId, state: TurnState): Promise<void> {
  return expect.poll(async () => (await at.service.turn(id, turnId)).state, { timeout: 4_000 }).toBe(state)
}

/** A session that has had one turn and whose agent waits for the next prompt. */
async function startIdle(at: TestSessions): Promise<Started> {
  const started = await start(at, echo)
  await reaches(at, started.id, started.turnId, 'completed')
  return started
}

function update(text: string): string {
  return JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })
}

async function updatesOf(at: TestSessions, no: number): Promise<string[]> {
  const events = await at.store.readEvents(no, 0, 1_000)
  const updates = events.filter(({ type }) => type === 'update')
  return updates.map(({ data }) => (JSON.parse(data) as { content: { text: string } }).content.text)
}

async function openPermission(at: TestSessions): Promise<PermissionId> {
  await expect.poll(() => at.service.permissions({ state: 'open' }, 10)).toHaveLength(1)
  return (await at.service.permissions({ state: 'open' }, 10))[0]?.id as PermissionId
}

test('a running turn goes on: what the agent said before, meanwhile and after is stored once, in order, and the turn completes', async () => {
  await using at = await TestSessions.start()
  const { id, no, turnId, agent } = await start(at, ({ listener }) => listener.update(update('before')))
  await reaches(at, id, turnId, 'running')
  const seen = await at.store.lastSeq(no)
  at.connector.cut()
  agent.listener.update(update('meanwhile'))
  await at.restart(KEEP)
  agent.listener.update(update('after'))
  agent.listener.answered(turnId, END_TURN)
  await reaches(at, id, turnId, 'completed')
  expect(await updatesOf(at, no)).toEqual(['before', 'meanwhile', 'after'])
  expect(agent).toMatchObject({ stops: 0, prompts: [turnId] })
  // Who reads by cursor sees the take-over and goes on.
  const since = await at.store.readEvents(no, seen, 100)
  expect(since.map(({ type }) => type)).toEqual(['agent.attached', 'update', 'update', 'turn.ended'])
})

test('what was told and stored is not told again, however often the gateway ends', async () => {
  await using at = await TestSessions.start()
  const { id, no, turnId, agent } = await start(at, ({ listener }) => listener.update(update('1')))
  for (const text of ['2', '3', '4']) {
    agent.listener.update(update(text))
    await expect.poll(() => updatesOf(at, no)).toContain(text)
    await at.restart(KEEP)
  }
  agent.listener.answered(turnId, END_TURN)
  await reaches(at, id, turnId, 'completed')
  expect(await updatesOf(at, no)).toEqual(['1', '2', '3', '4'])
  expect(agent.attachments.map(({ line }) => line)).toEqual([2, 3, 4])
})

test('an answer that came while no gateway was there ends the turn', async () => {
  await using at = await TestSessions.start()
  const { id, turnId, agent } = await start(at, hang)
  at.connector.cut()
  agent.listener.answered(turnId, END_TURN)
  await at.restart(KEEP)
  await reaches(at, id, turnId, 'completed')
  expect(agent.prompts).toEqual([turnId])
})

test('an agent that exited while no gateway was there fails its turn after its last words; the turn is not interrupted', async () => {
  await using at = await TestSessions.start()
  const { id, no, turnId, agent } = await start(at, hang)
  at.connector.cut()
  agent.listener.update(update('last words'))
  agent.listener.lost({ code: 'AGENT_EXITED', message: 'gone', details: {} })
  await at.restart(KEEP)
  await reaches(at, id, turnId, 'failed')
  expect(await updatesOf(at, no)).toEqual(['last words'])
})

test('an idle agent stays warm: the next prompt goes to the same process', async () => {
  await using at = await TestSessions.start()
  const { id, agent } = await startIdle(at)
  await at.restart(KEEP)
  expect((await at.service.get(id)).live).toMatchObject({ activity: 'idle', agentPid: agent.pid })
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await reaches(at, id, turn.id, 'completed')
  expect(at.connector.agents).toEqual([agent])
  expect(agent.attachments[0]).toMatchObject({ capabilities: '{"fake":true}', turnId: undefined, requests: [] })
})

test('a request that is open stays open under its id, and its answer reaches the agent once', async () => {
  await using at = await TestSessions.start()
  const { id, turnId, agent } = await start(at, asks)
  const permission = await openPermission(at)
  const { dueAt } = await at.service.permission(permission)
  await at.restart(KEEP)
  expect(await at.service.permission(permission)).toMatchObject({ state: 'open', dueAt })
  expect((await at.service.get(id)).live.activity).toBe('awaiting_permission')
  await at.service.answerPermission(permission, { optionId: 'n', answeredBy: 'test' })
  agent.listener.answered(turnId, END_TURN)
  await reaches(at, id, turnId, 'completed')
  await at.restart(KEEP)
  expect(agent.outcomes).toEqual([{ outcome: 'selected', optionId: 'n' }])
})

test('an answer that was stored but not passed on is passed on by the next gateway, once', async () => {
  await using at = await TestSessions.start()
  const { agent } = await start(at, asks)
  const permission = await openPermission(at)
  at.connector.cut()
  await at.service.answerPermission(permission, { optionId: 'y', answeredBy: 'test' })
  expect(agent.outcomes).toEqual([])
  await at.restart(KEEP)
  await at.restart(KEEP)
  expect(agent.outcomes).toEqual([{ outcome: 'selected', optionId: 'y' }])
})

test('a prompt that was dispatched but provably not written goes back to the front and is delivered once', async () => {
  await using at = await TestSessions.start()
  const { id, no, turnId: first, agent } = await startIdle(at)
  at.connector.cut()
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  expect(turn).toMatchObject({ state: 'dispatching', delivery: 'unknown' })
  await at.restart(KEEP)
  await reaches(at, id, turn.id, 'completed')
  expect(agent.prompts).toEqual([first, turn.id])
  expect(await at.history(no)).toContain('turn.requeued')
})

test('a prompt that was cancelled before it was written ends cancelled, and the agent never gets it', async () => {
  await using at = await TestSessions.start()
  const { id, turnId: first, agent } = await startIdle(at)
  at.connector.cut()
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await at.service.cancel(id, turn.id)
  await at.restart(KEEP)
  expect(await at.service.turn(id, turn.id)).toMatchObject({ state: 'cancelled', outcome: { delivery: 'no' } })
  expect(agent.prompts).toEqual([first])
})

test('a cancel that is under way is asked for again, and keeps its grace', async () => {
  await using at = await TestSessions.start({ cancelGraceMs: 700 })
  const { id, turnId, agent } = await start(at, hang)
  await at.service.cancel(id)
  const { cancelling } = await at.service.turn(id, turnId)
  await at.restart(KEEP)
  expect(agent.cancels).toBe(2)
  expect((await at.service.get(id)).live).toMatchObject({
    activity: 'cancelling',
    nextDeadline: { kind: 'cancel_grace', at: cancelling?.graceAt },
  })
  await reaches(at, id, turnId, 'cancelled')
  expect(agent.stops).toBe(1)
})

test('a session that was closing goes on closing: the turn ends cancelled, the agent is stopped', async () => {
  await using at = await TestSessions.start()
  const { id, turnId, agent } = await start(at, hang)
  const closed = at.service.close(id).catch((error: unknown) => error)
  await expect.poll(async () => (await at.service.get(id)).session.state).toBe('closing')
  await at.restart(KEEP)
  expect(await closed).toMatchObject({ code: 'GATEWAY_DRAINING' })
  await expect.poll(async () => (await at.service.get(id)).session.state).toBe('closed')
  expect(await at.service.turn(id, turnId)).toMatchObject({ state: 'cancelled' })
  expect(agent.stops).toBe(1)
})

test('a retiring agent that is idle is stopped at once; the next prompt has a new process', async () => {
  await using at = await TestSessions.start()
  const { id, agent } = await startIdle(at)
  agent.isRetiring = true
  await at.restart(KEEP)
  await expect.poll(() => agent.stops).toBe(1)
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await reaches(at, id, turn.id, 'completed')
  expect(at.connector.agents.at(-1)?.request).toMatchObject({ generation: 2 })
})

test('a retiring agent ends its turn first; what is queued goes to a new process', async () => {
  await using at = await TestSessions.start()
  const { id, turnId, agent } = await start(at, hang)
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  agent.isRetiring = true
  await at.restart(KEEP)
  expect(agent.stops).toBe(0)
  agent.listener.answered(turnId, END_TURN)
  await reaches(at, id, turnId, 'completed')
  await expect.poll(() => at.connector.agents.at(-1)?.prompts).toEqual([turn.id])
  expect([agent.stops, agent.prompts]).toEqual([1, [turnId]])
})

test('agents of no session, of an unknown one, of a closed one and of another generation are gone when recovery is over', async () => {
  await using at = await TestSessions.start()
  const { id, agent } = await startIdle(at)
  const ended = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  await at.service.close(ended.status.session.id)
  const strays = [
    { ...agent.request, sessionId: undefined as never, generation: 0 },
    { ...agent.request, sessionId: 'ses_unknown' as SessionId },
    { ...agent.request, sessionId: ended.status.session.id },
    { ...agent.request, generation: 7 },
  ].map((request, i) => new FakeAgent(request, 2_000 + i))
  at.connector.agents.push(...strays)
  await at.restart(KEEP)
  expect(strays.map(({ stops }) => stops)).toEqual([1, 1, 1, 1])
  expect((await at.service.get(id)).live.agentPid).toBe(agent.pid)
  expect(agent.stops).toBe(0)
})

test('an agent that was not ready when the gateway ended is stopped before the next one starts, and its turn is sent once', async () => {
  await using at = await TestSessions.start()
  at.connector.connect = (_, signal) =>
    new Promise((__, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))))
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  const { id } = status.session
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  const definition = { name: 'fake', title: 'Fake', argv: ['fake'] as const, env: {}, source: 'config' as const }
  const goingOn = { resume: undefined, begunAt: undefined, whenLost: 'fail' as const }
  const opening = { ...goingOn, options: [], spare: undefined }
  const place = { cwd: '/tmp', roots: ['/tmp'], equipment: UNEQUIPPED }
  const request = { definition, sessionId: id, generation: 1, ...place, ...opening }
  const half = new FakeAgent(request, 2_000)
  at.connector.agents.push(half)
  await at.restart(KEEP)
  await reaches(at, id, turn.id, 'completed')
  expect([half.stops, half.prompts]).toEqual([1, []])
  expect(at.connector.agents.at(-1)?.request.generation).toBe(2)
})

test('agents that are taken over hold slots: a session beyond them makes one that is idle leave', async () => {
  await using at = await TestSessions.start()
  const all = []
  for (let i = 0; i < 4; i++) all.push(await startIdle(at))
  const twin = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  await at.restart(KEEP)
  // All four slots are taken: a fifth session makes the one that is idle longest leave.
  const { turn } = await at.service.prompt(twin.status.session.id, { prompt: HELLO })
  await reaches(at, twin.status.session.id, turn.id, 'completed')
  expect(all.filter(({ agent }) => agent.stops === 1)).toHaveLength(1)
})

test('a hand-over stores what was said, ends nothing and takes nothing more; the next gateway goes on', async () => {
  await using at = await TestSessions.start()
  const { id, no, turnId, agent } = await start(at, hang)
  const queued = (await at.service.prompt(id, { prompt: HELLO })).turn
  agent.listener.update(update('said'))
  const rows = await at.history(no)
  await at.sessions.handOver()
  expect(await updatesOf(at, no)).toEqual(['said'])
  agent.listener.update(update('unheard'))
  agent.listener.answered(turnId, END_TURN)
  await expect(at.service.prompt(id, { prompt: HELLO })).rejects.toMatchObject({ code: 'GATEWAY_DRAINING' })
  await at.sessions[Symbol.asyncDispose]()
  expect(agent.stops).toBe(0)
  expect(await at.history(no)).toEqual([...rows, 'turn.running', 'update'])
  await at.restart(KEEP)
  await expect.poll(() => agent.prompts).toEqual([turnId, queued.id])
  expect(await updatesOf(at, no)).toEqual(['said', 'unheard'])
  expect(await at.service.turn(id, turnId)).toMatchObject({ state: 'completed' })
})

test('a hand-over gives up an agent that is still starting: nothing of the attempt outlives this life', async () => {
  await using at = await TestSessions.start()
  const starts: AbortSignal[] = []
  at.connector.connect = (_, signal) => {
    starts.push(signal)
    return new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(new CancelledError('start'))),
    )
  }
  const { id } = (await at.service.ensure({ agent: 'fake', cwd: '/tmp' })).status.session
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await expect.poll(() => starts.length).toBe(1)
  await at.sessions.handOver()
  expect(starts.map(({ aborted }) => aborted)).toEqual([true])
  await at.restart(KEEP)
  await reaches(at, id, turn.id, 'completed')
})

test('a hand-over does not wait for those who wait: they are told that the gateway goes', async () => {
  await using at = await TestSessions.start({ cancelGraceMs: 60_000 })
  const { id, agent } = await start(at, hang)
  const closing = at.service.close(id).catch((error: unknown) => error)
  await expect.poll(async () => (await at.service.get(id)).session.state).toBe('closing')
  await at.sessions.handOver()
  expect(await closing).toMatchObject({ code: 'GATEWAY_DRAINING' })
  expect(agent.stops).toBe(0)
})

test('a hand-over of a session that was superseded ends, although its last write is refused', async () => {
  await using at = await TestSessions.start()
  const { no, agent } = await start(at, hang)
  await at.store.acquireSession(no, 'local')
  agent.listener.update(update('too late'))
  await at.sessions.handOver()
  expect(await updatesOf(at, no)).toEqual([])
})

test('an answer that a failing store refuses ends no agent: it is read again by the next life, and the turn is completed', async () => {
  await using at = await TestSessions.start()
  const { id, no, turnId, agent } = await start(at, hang)
  const commit = vi.spyOn(at.store, 'commit').mockRejectedValue(new HoldfastError('STORE_FAILED', { reason: 'disk' }))
  agent.listener.update(update('done'))
  agent.listener.answered(turnId, END_TURN)
  await expect.poll(() => commit.mock.calls.length).toBeGreaterThan(0)
  commit.mockRestore()
  await at.restart(KEEP)
  await reaches(at, id, turnId, 'completed')
  expect(agent.stops).toBe(0)
  expect(await updatesOf(at, no)).toEqual(['done'])
})

test.each([
  ['{"protocol":2}', 100],
  ['{}', 64],
])(
  'an agent with %s is taken over with %i of the updates of its turn: all of them, or the newest',
  async (capabilities, count) => {
    await using at = await TestSessions.start()
    at.connector.capabilities = capabilities
    const { id, turnId, agent } = await start(at, ({ listener }) => listener.update(update('first')))
    for (let no = 1; no < 100; no++) agent.listener.update(update(`no ${no}`))
    await reaches(at, id, turnId, 'running')
    await expect.poll(async () => (await updatesOf(at, (await at.service.get(id)).session.no)).length).toBe(100)
    at.connector.cut()
    await at.restart(KEEP)
    await expect.poll(() => agent.attachments).toHaveLength(1)
    expect(agent.attachments[0]?.updates).toHaveLength(count)
  },
)
