// C 57 to 65: many prompts, many clients, cancels and closes at the wrong moment, the same request again. One real gateway for all,
// but for the one that must die.

import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { pause } from '../../src/base/deadline.ts'
import { createSocketTransport } from '../../src/cli/socket-transport.ts'
import { HoldfastClient } from '../../src/client/client.ts'
import { readToken } from '../../src/config/token.ts'
import type { TurnView } from '../../src/wire/turn.ts'
import { inTurns } from '../_support/in-turns.ts'
import { TestGateway } from '../_support/test-gateway.ts'

const CLIENTS = 10
const PROMPTS_EACH = 10
const CLOSES = 50
const RACES = 200
const CLOSE_LATER_MS_MAX = 20
const SAME = 50

let gateway: TestGateway
beforeAll(async () => {
  const config = { limits: { queueDepthMax: CLIENTS * PROMPTS_EACH }, deadlines: { cancelGraceMs: 2_000 } }
  gateway = await TestGateway.start({ config })
})
afterAll(() => gateway[Symbol.asyncDispose]())

/** A client with connections of its own. */
function anotherClient(scope: DisposableStack): HoldfastClient {
  const transport = scope.use(createSocketTransport(join(gateway.home, 'run/gateway.sock')))
  return new HoldfastClient({ transport, token: () => readToken(join(gateway.home, 'state/token')) })
}

/** Ids of the prompts of a session that its agents received, in their order. */
async function delivered(turns: readonly TurnView[]): Promise<unknown[]> {
  const own = new Set(turns.map(({ id }) => id))
  return (await gateway.received('recv')).map(({ id }) => String(id)).filter((id) => own.has(id))
}

async function running(session: string, turnId: string): Promise<void> {
  const state = async () => (await gateway.client.getTurn(session, turnId)).state
  await expect.poll(state, { timeout: 10_000 }).toBe('running')
}

describe('queues', () => {
  test('C 57: two prompts at once in one session run strictly one after the other', async () => {
    const session = await gateway.newSession()
    const ask = (prompt: string) => gateway.client.prompt(session, { prompt })
    const asked = await Promise.all([ask('@say a @sleep 200 @say b'), ask('@say c @sleep 200 @say d')])
    const turns = await Promise.all(asked.map(({ turn }) => gateway.ended(session, turn.id)))
    const [first, second] = turns.toSorted((a, b) => a.n - b.n) as [TurnView, TurnView]
    expect(Date.parse(second.dispatched_at ?? '')).toBeGreaterThanOrEqual(Date.parse(first.outcome?.ended_at ?? ''))
    expect(['abcd', 'cdab']).toContain(await gateway.text(session))
    expect(await gateway.received('overlap')).toEqual([])
  })

  test('C 58: 100 prompts of 10 clients are served in the order of their accept numbers, each once', async () => {
    using scope = new DisposableStack()
    const session = await gateway.newSession()
    const accepted = await Promise.all(
      Array.from({ length: CLIENTS }, async (_, i) => {
        const client = anotherClient(scope)
        const turns: TurnView[] = []
        for (let n = 0; n < PROMPTS_EACH; n++) turns.push((await client.prompt(session, { prompt: `${i} ${n}` })).turn)
        return turns
      }),
    )
    const turns = accepted.flat().toSorted((a, b) => a.n - b.n)
    await gateway.ended(session, turns.at(-1)?.id ?? '', 60_000)
    expect(turns.map(({ n }) => n)).toEqual(turns.map((_, i) => i + 1))
    expect(await delivered(turns)).toEqual(turns.map(({ id }) => id))
    const { turns: stored } = await gateway.client.listTurns(session, { limit: turns.length })
    expect(new Set(stored.map(({ state }) => state))).toEqual(new Set(['completed']))
  })

  test('C 59: a prompt that is cancelled while it waits is never delivered', async () => {
    const session = await gateway.newSession()
    const { turn: first } = await gateway.client.prompt(session, { prompt: '@say busy @hang' })
    const { turn: waiting } = await gateway.client.prompt(session, { prompt: 'never' })
    await running(session, first.id)
    expect(await gateway.client.cancel(session, waiting.id)).toMatchObject({
      turns: [waiting.id],
      outcome: 'ended',
      ended: [{ turn_id: waiting.id, state: 'cancelled', forced: false }],
    })
    const ended = await gateway.client.getTurn(session, waiting.id)
    expect(ended).toMatchObject({ state: 'cancelled', delivery: 'no', dispatched_at: null })
    await gateway.client.cancel(session, first.id)
    await gateway.ended(session, first.id)
    const next = await gateway.ask(session, 'next')
    expect(await delivered([first, waiting, next])).toEqual([first.id, next.id])
  })

  test('C 60: a cancel may be repeated, is no error after the end, and 404 for a turn that is not', async () => {
    const session = await gateway.newSession()
    const { turn } = await gateway.client.prompt(session, { prompt: '@say working @late 300' })
    await running(session, turn.id)
    const both = await Promise.all([1, 2].map(() => gateway.client.cancel(session, turn.id)))
    expect(both).toEqual([1, 2].map(() => ({ turns: [turn.id], outcome: 'requested', ended: [] })))
    expect((await gateway.ended(session, turn.id)).state).toBe('cancelled')
    expect(await gateway.client.cancel(session, turn.id)).toEqual({ turns: [], outcome: 'none', ended: [] })
    expect(await gateway.client.cancel(session)).toEqual({ turns: [], outcome: 'none', ended: [] })
    const unknown = gateway.client.cancel(session, 'turn_nope')
    await expect(unknown).rejects.toMatchObject({ code: 'TURN_NOT_FOUND', status: 404 })
    const events = await gateway.events(session)
    expect(events.filter(({ type }) => type === 'turn.cancelling')).toHaveLength(1)
  })
})

/** Where a session is when it is closed. */
const MOMENTS = ['accepted', 'starting', 'running'] as const

async function reach(moment: (typeof MOMENTS)[number], session: string): Promise<void> {
  const wanted = { accepted: [], starting: ['starting', 'running'], running: ['running'] }[moment] as string[]
  if (wanted.length === 0) return
  const activity = async () => (await gateway.client.getSession(session)).activity
  await expect.poll(activity, { timeout: 20_000, interval: 5 }).toBeOneOf(wanted)
}

describe('closes', () => {
  test('C 61: of two closes at once during a turn one closes; both are told the same; the turn is cancelled; 50 times', async () => {
    await inTurns(CLOSES, async (i) => {
      const key = `close-${i}`
      const session = await gateway.newSession('scripted', { key })
      const { turn } = await gateway.client.prompt(session, { prompt: '@say working @hang' })
      await reach(MOMENTS[i % MOMENTS.length]!, session)
      const [a, b] = await Promise.all([1, 2].map(() => gateway.client.closeSession(session)))
      expect(a?.session).toMatchObject({ state: 'closed', agent_pid: null })
      expect(b?.session.closed_at).toBe(a?.session.closed_at)
      expect((await gateway.client.getTurn(session, turn.id)).state).toBe('cancelled')
      const types = (await gateway.events(session)).map(({ type }) => type)
      expect(types.filter((type) => type === 'session.closed' || type === 'turn.ended')).toEqual([
        'turn.ended',
        'session.closed',
      ])
      // What is closed is given to nobody again: its name is free for another.
      const { session: another, created } = await gateway.client.ensureSession(key, {
        agent: 'scripted',
        cwd: gateway.workspace,
      })
      expect(created).toBe(true)
      expect(another.id).not.toBe(session)
      await gateway.client.closeSession(another.id)
    })
  }, 120_000)

  test('C 62: of a prompt racing with a close, 200 times: refused, or accepted and ended; none is lost or runs afterwards', async () => {
    const results = { accepted: 0, refused: 0 }
    await inTurns(RACES, async (i) => {
      const session = await gateway.newSession()
      const text = `race ${i}`
      const prompting = gateway.client.prompt(session, { prompt: text })
      // From at once to when an agent is being started.
      const closing = pause(i % CLOSE_LATER_MS_MAX).then(() => gateway.client.closeSession(session))
      const [prompted, closed] = await Promise.allSettled([prompting, closing])
      expect(closed.status).toBe('fulfilled')
      const { turns } = await gateway.client.listTurns(session)
      const received = (await gateway.received('recv')).filter((entry) => entry['text'] === text)
      if (prompted.status === 'rejected') {
        results.refused++
        expect(prompted.reason).toMatchObject({ code: 'SESSION_CLOSED', status: 410 })
        expect([turns, received]).toEqual([[], []])
        return
      }
      results.accepted++
      expect(turns).toHaveLength(1)
      expect(turns[0]?.outcome?.state).toBeOneOf(['cancelled', 'completed'])
      const { closed_at: closedAt } = await gateway.client.getSession(session)
      for (const { at } of received) expect(Number(at)).toBeLessThanOrEqual(Date.parse(closedAt ?? ''))
      expect(received.length).toBeLessThanOrEqual(1)
    })
    // A race that always ends the same way is none.
    expect(Math.min(results.accepted, results.refused)).toBeGreaterThan(0)
  }, 180_000)
})

describe('the same request again', () => {
  const sameKey = (session: string, prompt: string) =>
    gateway.client.prompt(session, { prompt, idempotency_key: 'the key' })

  test('C 63: the same key 50 times in parallel is one turn, and everybody gets it', async () => {
    const session = await gateway.newSession()
    const answers = await Promise.all(Array.from({ length: SAME }, () => sameKey(session, 'hello')))
    expect(new Set(answers.map(({ turn }) => turn.id)).size).toBe(1)
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    const { turn } = answers[0]!
    await gateway.ended(session, turn.id)
    expect((await gateway.client.listTurns(session)).turns).toHaveLength(1)
    expect(await delivered([turn])).toEqual([turn.id])
  })

  test('C 64: the same key with another body is 422, and changes nothing', async () => {
    const session = await gateway.newSession()
    const { turn } = await sameKey(session, 'hello')
    const other = sameKey(session, 'something else')
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED', status: 422 })
    await gateway.ended(session, turn.id)
    expect((await gateway.client.listTurns(session)).turns.map(({ id }) => id)).toEqual([turn.id])
  })
})

test.for(['keeper', 'inline'])('C 65, %s: the same key after a SIGKILL is the same turn', async (hosting) => {
  await using doomed = await TestGateway.start({ config: { keeper: { hosting } } })
  const session = await doomed.newSession()
  const ask = () => doomed.client.prompt(session, { prompt: 'hello', idempotency_key: 'the key' })
  const { turn } = await ask()
  const ended = await doomed.ended(session, turn.id)
  await doomed.kill()
  await doomed.start()
  const again = await ask()
  expect(again).toMatchObject({ replayed: true, turn: ended })
  expect(await doomed.received('recv')).toHaveLength(1)
})
