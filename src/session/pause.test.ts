// Sessions of a gateway in safe mode, on the real store: what runs goes on, nothing is begun, nothing is lost.

import { expect, test } from 'vitest'

import { echo } from '../../test/_support/fake-connector.ts'
import { openSession, send, turnEnded } from '../../test/_support/session-steps.ts'
import { TestSessions } from '../../test/_support/test-sessions.ts'
import type { SessionId, TurnId } from '../base/ids.ts'

const END_TURN = { kind: 'stopped', stopReason: 'end_turn', usage: undefined } as const

interface Paused {
  readonly at: TestSessions
  /** A session with a turn at its agent and two that wait. */
  readonly id: SessionId
  readonly running: TurnId
  readonly waiting: readonly TurnId[]
}

/** The life before died; this one begins paused. */
async function pausedLife(keepAgents: boolean): Promise<Paused> {
  const ports = { isPaused: false }
  const at = await TestSessions.start({}, ports)
  at.connector.onPrompt = () => {}
  const { id } = await openSession(at)
  const running = await send(at, id, 'running')
  await expect.poll(() => at.connector.agents[0]?.prompts).toEqual([running])
  const waiting = [await send(at, id, 'first'), await send(at, id, 'second')]
  ports.isPaused = true
  await at.restart({ keepAgents })
  at.connector.onPrompt = echo
  return { at, id, running, waiting }
}

test('while paused the turn of a living agent ends as its agent ends it, and the queue stays until the pause is over', async () => {
  const { at, id, running, waiting } = await pausedLife(true)
  await using _ = at
  expect(at.sessions.recovered).toEqual({ takenOver: 1, interrupted: 0 })
  const [agent] = at.connector.agents
  agent?.listener.answered(running, END_TURN)
  expect((await turnEnded(at, id, running)).state).toBe('completed')
  expect((await at.service.get(id)).live).toMatchObject({ queued: waiting, waitingFor: 'safe_mode' })
  expect((await at.service.explain(id)).explanation.waits).toEqual([
    { kind: 'safe_mode', since: undefined, subject: undefined },
  ])
  at.sessions.goOn()
  for (const turn of waiting) expect((await turnEnded(at, id, turn)).state).toBe('completed')
  expect(agent?.prompts).toEqual([running, ...waiting])
})

test('while paused no agent is started: for a session that is unblocked neither, before the pause is over', async () => {
  const { at, id, running, waiting } = await pausedLife(false)
  await using _ = at
  expect(at.sessions.recovered).toEqual({ takenOver: 0, interrupted: 1 })
  expect(await at.service.turn(id, running)).toMatchObject({ state: 'interrupted' })
  await at.service.resume(id, 'continue')
  expect((await at.service.queued(id)).map((turn) => turn.id)).toEqual(waiting)
  expect(at.connector.agents).toEqual([])
  at.sessions.goOn()
  for (const turn of waiting) expect((await turnEnded(at, id, turn)).state).toBe('completed')
})

test('while paused new work is refused with SAFE_MODE; reading, editing, cancelling and closing are not', async () => {
  const { at, id, waiting } = await pausedLife(false)
  await using _ = at
  const refused = { code: 'SAFE_MODE', retryable: true }
  await expect(send(at, id, 'more')).rejects.toMatchObject(refused)
  await expect(openSession(at)).rejects.toMatchObject(refused)
  await expect(at.service.listAgentSessions('fake', undefined)).rejects.toMatchObject(refused)
  const [first, second] = waiting
  await at.service.editTurn(id, second!, { to: { kind: 'before', turnId: first! } })
  expect((await at.service.queued(id)).map((turn) => turn.id)).toEqual([second, first])
  expect(await at.service.cancel(id, first)).toMatchObject({ outcome: 'ended' })
  expect((await at.service.close(id)).session.state).toBe('closed')
  expect(at.connector.agents).toEqual([])
  at.sessions.goOn()
  expect((await openSession(at)).id).not.toBe(id)
})
