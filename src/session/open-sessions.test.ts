import { expect, test } from 'vitest'

import { TestSessions } from '../../test/_support/test-sessions.ts'
import type { OnPrompt } from '../../test/_support/fake-connector.ts'
import type { SessionId, TurnId } from '../base/ids.ts'
import type { TurnRecord } from '../store/records.ts'

const HELLO = [{ type: 'text', text: 'hello' }]
const hang: OnPrompt = () => {}

async function newSession(at: TestSessions, key?: string): Promise<{ id: SessionId; no: number }> {
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp', ...(key === undefined ? {} : { key }) })
  return status.session
}

function ended(at: TestSessions, id: SessionId, turnId: TurnId): Promise<TurnRecord> {
  return expect
    .poll(() => at.service.turn(id, turnId), { timeout: 5_000 })
    .toMatchObject({ outcome: expect.anything() as unknown })
    .then(() => at.service.turn(id, turnId))
}

test('a prompt runs as one turn, and its history is gapless and in order', async () => {
  await using at = await TestSessions.start()
  const { id, no } = await newSession(at)
  const { turn, position, replayed } = await at.service.prompt(id, { prompt: HELLO })
  expect({ position, replayed, state: turn.state }).toEqual({ position: 0, replayed: false, state: 'dispatching' })
  expect(await ended(at, id, turn.id)).toMatchObject({
    state: 'completed',
    outcome: { stopReason: 'end_turn', delivery: 'yes' },
  })
  expect(await at.history(no)).toEqual([
    'session.created',
    'turn.queued',
    'agent.starting',
    'agent.ready',
    'turn.dispatched',
    'turn.running',
    'update',
    'turn.ended:completed',
  ])
})

test('three turns use one process (C 74)', async () => {
  await using at = await TestSessions.start()
  const { id } = await newSession(at)
  for (let i = 0; i < 3; i++) await ended(at, id, (await at.service.prompt(id, { prompt: HELLO })).turn.id)
  expect(at.connector.agents).toHaveLength(1)
  expect(at.connector.agents[0]?.prompts).toHaveLength(3)
})

test('the lines of a batch are acknowledged only when they are stored', async () => {
  await using at = await TestSessions.start()
  const { id } = await newSession(at)
  await ended(at, id, (await at.service.prompt(id, { prompt: HELLO })).turn.id)
  await expect.poll(() => at.connector.agents[0]?.acknowledged).toBe(2)
})

test('fifty parallel prompts with one key are one turn; another body is refused; also after a restart (C 63 to 65)', async () => {
  await using at = await TestSessions.start()
  const { id } = await newSession(at)
  const request = { prompt: HELLO, idempotencyKey: 'k' }
  const answers = await Promise.all(Array.from({ length: 50 }, () => at.service.prompt(id, request)))
  expect(new Set(answers.map(({ turn }) => turn.id)).size).toBe(1)
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
  const other = at.service.prompt(id, { prompt: [{ type: 'text', text: 'other' }], idempotencyKey: 'k' })
  await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
  await at.restart()
  expect(await at.service.prompt(id, request)).toMatchObject({ replayed: true, turn: { id: answers[0]?.turn.id } })
})

test('prompts of many callers run one after the other in the order of their numbers (C 57, 58)', async () => {
  await using at = await TestSessions.start({ queueDepthMax: 100 })
  const { id } = await newSession(at)
  const accepted = await Promise.all(Array.from({ length: 60 }, () => at.service.prompt(id, { prompt: HELLO })))
  const byNumber = accepted.map(({ turn }) => turn).toSorted((a, b) => a.n - b.n)
  await ended(at, id, byNumber.at(-1)?.id as TurnId)
  expect(at.connector.agents[0]?.prompts).toEqual(byNumber.map((turn) => turn.id))
})

test('the queue has a bound, and a refused prompt leaves the others alone (E 106)', async () => {
  await using at = await TestSessions.start({ queueDepthMax: 2 })
  at.connector.onPrompt = hang
  const { id } = await newSession(at)
  const positions = []
  for (let i = 0; i < 3; i++) positions.push((await at.service.prompt(id, { prompt: HELLO })).position)
  expect(positions).toEqual([0, 1, 2])
  await expect(at.service.prompt(id, { prompt: HELLO })).rejects.toMatchObject({ code: 'QUEUE_FULL' })
})

test('cancel of a queued prompt ends it undelivered; twice, late and unknown are harmless (C 59, 60)', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = hang
  const { id } = await newSession(at)
  await at.service.prompt(id, { prompt: HELLO })
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  expect(await at.service.cancel(id, turn.id)).toMatchObject({ outcome: 'ended' })
  expect(await at.service.turn(id, turn.id)).toMatchObject({ state: 'cancelled', outcome: { delivery: 'no' } })
  expect(await at.service.cancel(id, turn.id)).toMatchObject({ outcome: 'none' })
  await expect(at.service.cancel(id, 'turn_x' as TurnId)).rejects.toMatchObject({ code: 'TURN_NOT_FOUND' })
})

test('an agent that is deaf to cancel is ended after the grace, and the next prompt has a new process (C 43)', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = (agent, turnId, prompt) => {
    if (at.connector.agents.length > 1)
      agent.listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
    else
      agent.listener.update(
        JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: prompt } }),
      )
  }
  const { id } = await newSession(at)
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await expect.poll(async () => (await at.service.turn(id, turn.id)).state).toBe('running')
  expect(await at.service.cancel(id)).toMatchObject({ outcome: 'requested' })
  expect(await ended(at, id, turn.id)).toMatchObject({ state: 'cancelled', outcome: { forced: true, delivery: 'yes' } })
  expect(at.connector.agents[0]).toMatchObject({ cancels: 1, stops: 1 })
  const after = await at.service.prompt(id, { prompt: HELLO })
  expect(await ended(at, id, after.turn.id)).toMatchObject({ state: 'completed', generation: 2 })
  expect(at.connector.agents[1]?.request.resume).toBe(`as-${id}`)
})

test('a permission request is stored, answered once, and passed on as it was chosen (C 66, 69)', async () => {
  await using at = await TestSessions.start()
  const options = [
    { optionId: 'y', name: 'Yes', kind: 'allow_once' },
    { optionId: 'n', name: 'No', kind: 'reject_once' },
  ]
  at.connector.onPrompt = ({ listener }) =>
    listener.permissionAsked({ requestId: 5, toolCall: '{"toolCallId":"t"}', options })
  const { id } = await newSession(at)
  await at.service.prompt(id, { prompt: HELLO })
  await expect.poll(() => at.service.permissions({ state: 'open' }, 10)).toHaveLength(1)
  const [open] = await at.service.permissions({ sessionId: id }, 10)
  if (open === undefined) throw new Error('no request')
  expect((await at.service.get(id)).live.activity).toBe('awaiting_permission')
  const answer = (optionId: string) => at.service.answerPermission(open.id, { optionId, answeredBy: 'test' })
  await expect(answer('maybe')).rejects.toMatchObject({ code: 'PERMISSION_OPTION_UNKNOWN' })
  const both = await Promise.allSettled([answer('n'), answer('y')])
  expect(both.map((each) => each.status)).toEqual(['fulfilled', 'rejected'])
  expect(at.connector.agents[0]?.outcomes).toEqual([{ outcome: 'selected', optionId: 'n' }])
})

test('a turn that a dead gateway had handed out is interrupted and holds the queue until somebody decides', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = hang
  const { id } = await newSession(at)
  const first = (await at.service.prompt(id, { prompt: HELLO })).turn
  const second = (await at.service.prompt(id, { prompt: HELLO })).turn
  await expect.poll(() => at.connector.agents[0]?.prompts).toHaveLength(1)
  await at.restart()
  expect(await at.service.turn(id, first.id)).toMatchObject({ state: 'interrupted', outcome: { delivery: 'unknown' } })
  expect(await at.service.get(id)).toMatchObject({ session: { blockedBy: first.id }, live: { activity: 'blocked' } })
  expect(await at.service.turn(id, second.id)).toMatchObject({ state: 'queued' })
  await at.service.resume(id, 'continue')
  await expect.poll(() => at.connector.agents[0]?.prompts).toEqual([second.id])
})

test('retry makes a new turn with the same prompt, in front of the queue', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = hang
  const { id } = await newSession(at)
  const first = (await at.service.prompt(id, { prompt: HELLO })).turn
  await at.service.prompt(id, { prompt: [{ type: 'text', text: 'second' }] })
  await expect.poll(() => at.connector.agents[0]?.prompts).toHaveLength(1)
  await at.restart()
  await at.service.resume(id, 'retry')
  await expect.poll(() => at.connector.agents[0]?.prompts).toHaveLength(1)
  const retried = await at.service.turn(id, at.connector.agents[0]?.prompts[0] as TurnId)
  expect(retried).toMatchObject({ retryOf: first.id, origin: 'retry', prompt: JSON.stringify(HELLO) })
})

test('close cancels, stops and is final; a second close and a late prompt are told so (C 61, 62)', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = hang
  const { id, no } = await newSession(at)
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await expect.poll(() => at.connector.agents).toHaveLength(1)
  const closes = await Promise.all([at.service.close(id), at.service.close(id)])
  expect(closes.map(({ session }) => session.state)).toEqual(['closed', 'closed'])
  expect(await at.service.turn(id, turn.id)).toMatchObject({ state: 'cancelled' })
  expect(at.connector.agents[0]?.stops).toBe(1)
  expect((await at.history(no)).at(-1)).toBe('session.closed')
  await expect(at.service.prompt(id, { prompt: HELLO })).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
  expect(await at.service.close(id)).toMatchObject({ stopped: undefined })
})

test('a one-shot session takes one prompt and closes after it', async () => {
  await using at = await TestSessions.start()
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp', mode: 'oneshot' })
  const { id } = status.session
  await ended(at, id, (await at.service.prompt(id, { prompt: HELLO })).turn.id)
  await expect.poll(async () => (await at.service.get(id)).session.state).toBe('closed')
  expect(at.connector.agents[0]?.stops).toBe(1)
})

test('a drain sends nothing more, cuts what is over its budget, and keeps the queue for the next life (P13)', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = hang
  const { id } = await newSession(at)
  const running = (await at.service.prompt(id, { prompt: HELLO, onInterrupt: 'continue' })).turn
  const queued = (await at.service.prompt(id, { prompt: HELLO })).turn
  await expect.poll(() => at.connector.agents[0]?.prompts).toHaveLength(1)
  const now = Date.now()
  const { turnsEnded, agentsGone } = at.sessions.drain({ budgetAt: now + 50, graceAtMax: now + 5_000 })
  await expect(at.service.prompt(id, { prompt: HELLO })).rejects.toMatchObject({ code: 'GATEWAY_DRAINING' })
  await turnsEnded
  expect(await at.service.turn(id, running.id)).toMatchObject({ state: 'interrupted' })
  await agentsGone
  expect(at.connector.agents[0]?.stops).toBe(1)
  expect(await at.service.turn(id, running.id)).toMatchObject({ state: 'interrupted' })
  expect(await at.service.turn(id, queued.id)).toMatchObject({ state: 'queued' })
  await at.restart()
  await expect.poll(() => at.connector.agents[0]?.prompts).toEqual([queued.id])
})

test('an actor whose lease was taken over writes nothing more and ends its process (N2)', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = hang
  const { id, no } = await newSession(at)
  await at.service.prompt(id, { prompt: HELLO })
  await expect.poll(() => at.connector.agents[0]?.prompts).toHaveLength(1)
  const before = await at.history(no)
  await at.store.acquireSession(no, 'local')
  await expect(at.service.cancel(id)).rejects.toMatchObject({ code: 'LEASE_LOST' })
  await expect.poll(() => at.connector.agents[0]?.stops).toBe(1)
  expect(await at.history(no)).toEqual(before)
})

test('a key names one session: the same one for all callers, a conflict for another agent or directory', async () => {
  await using at = await TestSessions.start()
  const all = await Promise.all(
    Array.from({ length: 10 }, () => at.service.ensure({ agent: 'fake', cwd: '/tmp', key: 'k' })),
  )
  expect(new Set(all.map(({ status }) => status.session.id)).size).toBe(1)
  expect(all.filter(({ created }) => created)).toHaveLength(1)
  await expect(at.service.ensure({ agent: 'fake', cwd: '/usr', key: 'k' })).rejects.toMatchObject({
    code: 'SESSION_CONFLICT',
  })
  await expect(at.service.ensure({ agent: 'none', cwd: '/tmp' })).rejects.toMatchObject({ code: 'AGENT_UNKNOWN' })
})

test('a session that rests is forgotten in memory and found again in the rows', async () => {
  await using at = await TestSessions.start()
  const { id } = await newSession(at)
  expect(await at.service.cancel(id)).toMatchObject({ outcome: 'none' })
  expect((await at.service.get(id)).live.activity).toBe('dormant')
  await ended(at, id, (await at.service.prompt(id, { prompt: HELLO })).turn.id)
})

test('with every slot taken, the agent that has been idle longest makes room; its session goes on where it was', async () => {
  await using at = await TestSessions.start()
  const sessions = []
  for (let i = 0; i < 5; i++) {
    const session = await newSession(at)
    sessions.push(session)
    await ended(at, session.id, (await at.service.prompt(session.id, { prompt: HELLO })).turn.id)
  }
  const first = sessions[0]?.id as SessionId
  expect(at.connector.agents.map(({ stops }) => stops)).toEqual([1, 0, 0, 0, 0])
  await ended(at, first, (await at.service.prompt(first, { prompt: HELLO })).turn.id)
  expect(at.connector.agents[5]?.request).toMatchObject({ sessionId: first, resume: `as-${first}` })
})

test('a prompt that expires in the queue is never sent; one without an answer to its permission request is refused in time', async () => {
  await using at = await TestSessions.start({ permissionMs: 300 })
  const options = [
    { optionId: 'y', name: 'Yes', kind: 'allow_once' },
    { optionId: 'n', name: 'No', kind: 'reject_once' },
  ]
  at.connector.onPrompt = ({ listener }) => listener.permissionAsked({ requestId: 1, toolCall: '{}', options })
  const { id } = await newSession(at)
  await at.service.prompt(id, { prompt: HELLO })
  const late = (await at.service.prompt(id, { prompt: HELLO, expiresAt: Date.now() + 50 })).turn
  expect(await ended(at, id, late.id)).toMatchObject({ state: 'expired', outcome: { delivery: 'no' } })
  await expect.poll(() => at.connector.agents[0]?.outcomes).toEqual([{ outcome: 'selected', optionId: 'n' }])
  expect(await at.service.permissions({ sessionId: id }, 10)).toMatchObject([{ state: 'timed_out', optionId: 'n' }])
})

test('a refusal at the deadline never sends an id that also means yes (C 67, H 137)', async () => {
  await using at = await TestSessions.start({ permissionMs: 200 })
  const { id } = await newSession(at)
  const kinds = ['allow_always', 'reject_once']
  const options = kinds.map((kind) => ({ optionId: 'x', name: 'No', kind }))
  at.connector.onPrompt = ({ listener }) => listener.permissionAsked({ requestId: 1, toolCall: '{}', options })
  await at.service.prompt(id, { prompt: HELLO })
  const states = () => at.service.permissions({ sessionId: id }, 10)
  await expect.poll(states).toMatchObject([{ state: 'timed_out', optionId: undefined }])
  expect(at.connector.agents[0]?.outcomes).toEqual([{ outcome: 'cancelled' }])
})

test('a cancel answers the open permission request with cancelled, and a death leaves it void (C 68, 70)', async () => {
  await using at = await TestSessions.start()
  const options = [{ optionId: 'y', name: 'Yes', kind: 'allow_once' }]
  at.connector.onPrompt = ({ listener }) => listener.permissionAsked({ requestId: 1, toolCall: '{}', options })
  const [cancelled, killed] = [await newSession(at), await newSession(at)]
  for (const { id } of [cancelled, killed]) await at.service.prompt(id, { prompt: HELLO })
  await expect.poll(() => at.service.permissions({ state: 'open' }, 10)).toHaveLength(2)
  await at.service.cancel(cancelled.id)
  expect(await at.service.permissions({ sessionId: cancelled.id }, 10)).toMatchObject([{ state: 'cancelled' }])
  await at.restart()
  const [request] = await at.service.permissions({ sessionId: killed.id }, 10)
  expect(request).toMatchObject({ state: 'void' })
  const late = at.service.answerPermission(request?.id as never, { optionId: 'y', answeredBy: 'test' })
  await expect(late).rejects.toMatchObject({ code: 'PERMISSION_CLOSED' })
})

const REFUSED: Readonly<Record<string, { prompt: { type: string; text?: string }[]; code: string }>> = {
  empty: { prompt: [], code: 'PROMPT_EMPTY' },
  'only blanks': { prompt: [{ type: 'text', text: ' ' }], code: 'PROMPT_EMPTY' },
  'too large': { prompt: [{ type: 'text', text: 'x'.repeat(20_000) }], code: 'PROMPT_TOO_LARGE' },
}

for (const [name, { prompt, code }] of Object.entries(REFUSED)) {
  test(`a prompt that is ${name} is refused with ${code} and leaves no row`, async () => {
    await using at = await TestSessions.start()
    const { id } = await newSession(at)
    await expect(at.service.prompt(id, { prompt })).rejects.toMatchObject({ code })
    expect(await at.service.turns(id, { limit: 10 })).toEqual([])
  })
}
