// A session that is busy, and the prompts that wait in it, on the real store.

import { expect, test } from 'vitest'

import type { OnPrompt } from '../../../test/_support/fake-connector.ts'
import { echo } from '../../../test/_support/fake-connector.ts'
import { openSession, send, turnEnded } from '../../../test/_support/session-steps.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import type { SessionId, TurnId } from '../../base/ids.ts'

const hang: OnPrompt = () => {}

/** A session whose first prompt is with its agent and stays there until it is cancelled; the rest run at once. */
async function busy(limits: Parameters<typeof TestSessions.start>[0] = {}) {
  const at = await TestSessions.start(limits)
  at.connector.onPrompt = hang
  at.connector.onCancel = (agent) => {
    at.connector.onPrompt = echo
    const out = agent.prompts.at(-1)
    if (out !== undefined) agent.listener.answered(out, { kind: 'stopped', stopReason: 'cancelled', usage: undefined })
  }
  const { id, no } = await openSession(at)
  const running = await send(at, id, 'running')
  await expect.poll(() => at.connector.agents[0]?.prompts).toEqual([running])
  return { at, id, no, running }
}

const order = async (at: TestSessions, id: SessionId): Promise<TurnId[]> =>
  (await at.service.queued(id)).map((turn) => turn.id)

test('an interrupting prompt cancels the turn that is out and runs before those that wait', async () => {
  const { at, id, running } = await busy()
  await using _ = at
  const waiting = await send(at, id, 'waiting')
  const urgent = await send(at, id, 'urgent', { whenBusy: 'interrupt' })
  expect(await turnEnded(at, id, running)).toMatchObject({ state: 'cancelled', cancelling: { reason: 'interrupt' } })
  await turnEnded(at, id, waiting)
  expect(at.connector.agents[0]?.prompts).toEqual([running, urgent, waiting])
})

test('a prompt that may not wait is refused while a turn is out, and runs while none is; nothing is stored of the refusal', async () => {
  const { at, id, running } = await busy()
  await using _ = at
  await expect(send(at, id, 'no', { whenBusy: 'reject' })).rejects.toMatchObject({ code: 'SESSION_BUSY' })
  await expect(send(at, id, 'no', { whenBusy: 'steer' })).rejects.toMatchObject({ code: 'STEER_UNSUPPORTED' })
  expect(await at.service.turns(id, { limit: 10 })).toHaveLength(1)
  await at.service.cancel(id)
  await turnEnded(at, id, running)
  expect((await turnEnded(at, id, await send(at, id, 'yes', { whenBusy: 'reject' }))).state).toBe('completed')
})

test('prompts run in the order to which they were moved, also after a restart', async () => {
  const { at, id, running } = await busy()
  await using _ = at
  const [a, b, c] = [await send(at, id, 'a'), await send(at, id, 'b'), await send(at, id, 'c')]
  await at.service.editTurn(id, c, { to: { kind: 'position', position: 0 } })
  await at.service.editTurn(id, a, { to: { kind: 'position', position: 99 } })
  expect(await order(at, id)).toEqual([c, b, a])
  await at.service.editTurn(id, b, { to: { kind: 'before', turnId: c } })
  expect(await order(at, id)).toEqual([b, c, a])
  await at.restart()
  expect(await order(at, id)).toEqual([b, c, a])
  at.connector.onPrompt = echo
  await at.service.resume(id, 'continue') // the turn that was out is interrupted and holds the queue
  await turnEnded(at, id, a)
  expect(at.connector.agents.flatMap(({ prompts }) => prompts)).toEqual([b, c, a])
  expect((await at.service.turn(id, running)).state).toBe('interrupted')
})

test('an edited prompt keeps its number and its key; the agent gets the new text', async () => {
  const { at, id, no, running } = await busy()
  await using _ = at
  const heard: string[] = []
  const first = { prompt: [{ type: 'text', text: 'first' }], idempotencyKey: 'k' }
  const { turn } = await at.service.prompt(id, first)
  const long = 'second'.repeat(200)
  const edited = await at.service.editTurn(id, turn.id, { prompt: [{ type: 'text', text: long }] })
  expect(edited).toMatchObject({ n: turn.n, idempotencyKey: 'k' })
  expect(await at.service.prompt(id, first)).toMatchObject({ replayed: true, turn: { id: turn.id } })
  await at.service.cancel(id)
  at.connector.onPrompt = (agent, turnId, prompt) => {
    heard.push(prompt)
    echo(agent, turnId, prompt)
  }
  await turnEnded(at, id, running)
  await turnEnded(at, id, turn.id)
  expect(heard).toEqual([JSON.stringify([{ type: 'text', text: long }])])
  expect(await at.history(no)).toContain('turn.edited')
})

test('an expiry can be set and taken away while a prompt waits', async () => {
  const { at, id } = await busy()
  await using _ = at
  const [dies, lives] = [await send(at, id, 'a'), await send(at, id, 'b', { expiresAt: Date.now() + 60_000 })]
  await at.service.editTurn(id, lives, { expiresAt: null })
  await at.service.editTurn(id, dies, { expiresAt: Date.now() + 20 })
  expect(await turnEnded(at, id, dies)).toMatchObject({ state: 'expired', delivery: 'no' })
  expect((await at.service.turn(id, lives)).expiresAt).toBeUndefined()
})

test('what is out or has ended cannot be changed, nor can anything be put in front of it; then nothing of the edit is done', async () => {
  const { at, id, running } = await busy()
  await using _ = at
  const waiting = await send(at, id, 'waiting')
  const prompt = [{ type: 'text', text: 'other' }]
  await expect(at.service.editTurn(id, running, { prompt })).rejects.toMatchObject({ code: 'TURN_NOT_QUEUED' })
  const before = { prompt, to: { kind: 'before', turnId: running } } as const
  await expect(at.service.editTurn(id, waiting, before)).rejects.toMatchObject({ code: 'TURN_NOT_QUEUED' })
  expect((await at.service.turn(id, waiting)).prompt).toContain('waiting')
  await at.service.cancel(id, waiting)
  await expect(at.service.editTurn(id, waiting, { prompt })).rejects.toMatchObject({ code: 'TURN_NOT_ACTIVE' })
})

test('a prompt has its own deadline, and its end names that one', async () => {
  const { at, id } = await busy({ turnMs: 60_000 })
  await using _ = at
  await at.service.cancel(id)
  at.connector.onPrompt = hang
  const turn = await turnEnded(at, id, await send(at, id, 'short', { deadlineMs: 150 }))
  expect(turn).toMatchObject({ state: 'timed_out', deadlineMs: 150 })
  expect(turn.outcome?.error).toMatchObject({ code: 'TURN_TIMED_OUT', details: { stage: 'turn', seconds: 0.15 } })
})

test('as many prompts wait in all sessions as may; one that need not wait is taken', async () => {
  const { at, id, running } = await busy({ queuedMax: 2 })
  await using _ = at
  const waiting = [await send(at, id, 'a'), await send(at, id, 'b')]
  const refused = send(at, id, 'c')
  await expect(refused).rejects.toMatchObject({ code: 'QUEUE_FULL', details: { scope: 'gateway', depthMax: 2 } })
  const other = await openSession(at)
  at.connector.onPrompt = echo
  expect((await turnEnded(at, other.id, await send(at, other.id, 'runs'))).state).toBe('completed')
  await at.service.cancel(id, waiting[0])
  await send(at, id, 'd')
  expect((await at.service.turn(id, running)).state).not.toBe('queued')
})

test('a cancel that was not heard can be repeated, and the agent is asked again (T7)', async () => {
  const at = await TestSessions.start({ cancelGraceMs: 5_000 })
  await using _ = at
  at.connector.onPrompt = hang
  const { id } = await openSession(at)
  const turnId = await send(at, id, 'deaf at first')
  await expect.poll(() => at.connector.agents[0]?.prompts).toHaveLength(1)
  expect(await at.service.cancel(id)).toEqual({ turns: [turnId], outcome: 'requested' })
  at.connector.onCancel = ({ listener }) =>
    listener.answered(turnId, { kind: 'stopped', stopReason: 'cancelled', usage: undefined })
  expect((await at.service.cancel(id, turnId)).outcome).toBe('requested')
  expect((await turnEnded(at, id, turnId)).state).toBe('cancelled')
  expect(at.connector.agents[0]?.cancels).toBe(2)
})

test('a close says which turns it ended, in the order in which they were to run', async () => {
  const { at, id, running } = await busy()
  await using _ = at
  const waiting = [await send(at, id, 'a'), await send(at, id, 'b')]
  const { turns, session } = await at.service.close(id)
  expect([turns, session.state]).toEqual([[running, ...waiting], 'closed'])
  expect((await at.service.close(id)).turns).toEqual([])
})
