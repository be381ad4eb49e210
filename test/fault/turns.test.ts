// Fault battery C: how turns end and requests are settled when agent, client and clock are against them. One real gateway for all.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'
import type { EventView } from '../../src/wire/event.ts'
import type { PermissionView } from '../../src/wire/permission.ts'

const SILENCE_MS = 1_500
const PERMISSION_MS = 2_500

let gateway: TestGateway
beforeAll(async () => {
  const deadlines = { silenceMs: SILENCE_MS, cancelGraceMs: 1_500, permissionMs: PERMISSION_MS }
  gateway = await TestGateway.start({ config: { deadlines } })
})
afterAll(() => gateway[Symbol.asyncDispose]())

const said = (events: readonly EventView[], turnId: string | null): string =>
  events
    .filter((event) => event.type === 'update' && event.turn_id === turnId)
    .map(({ data }) => (data as { content?: { text?: string } }).content?.text ?? '')
    .join('')

async function open(session: string, count: number): Promise<PermissionView[]> {
  const list = async () => (await gateway.client.listPermissions({ session, state: 'open' })).permissions
  await vi.waitFor(async () => expect(await list()).toHaveLength(count), { timeout: 10_000 })
  return list()
}

async function running(session: string, turnId: string): Promise<void> {
  const state = async () => (await gateway.client.getTurn(session, turnId)).state
  await vi.waitFor(async () => expect(await state()).toBe('running'), { timeout: 10_000 })
}

// Concurrent tests share the global `expect`: `expect.poll` loses its test there, so they wait with `vi.waitFor`.
describe.concurrent('turns against the clock', () => {
  test('C 44: what a cancelled agent says late is never in the next turn', async () => {
    const session = await gateway.newSession()
    const { turn } = await gateway.client.prompt(session, { prompt: '@say early @late 600' })
    await running(session, turn.id)
    await gateway.client.cancel(session, turn.id)
    const next = await gateway.ask(session, 'next')
    expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'cancelled', outcome: { forced: false } })
    expect(next.state).toBe('completed')
    const events = await gateway.events(session)
    expect(said(events, turn.id)).toBe('earlylate output')
    expect(said(events, next.id)).toBe('echo: next')
  })

  test('C 47: a turn that speaks is not ended for silence, however long it takes', async () => {
    const session = await gateway.newSession()
    const started = Date.now()
    expect(await gateway.ask(session, '@chunks 30 100')).toMatchObject({ state: 'completed' })
    expect(Date.now() - started).toBeGreaterThan(2 * SILENCE_MS)
  })

  test('C 50: what an agent says after its answer is kept without a turn, in order', async () => {
    const session = await gateway.newSession()
    const turn = await gateway.ask(session, '@say before @after 5')
    const outside = async () => said(await gateway.events(session), null)
    const late = 'after 1 after 2 after 3 after 4 after 5 '
    await vi.waitFor(async () => expect(await outside()).toBe(late), { timeout: 5_000 })
    const next = await gateway.ask(session, 'next')
    const events = await gateway.events(session)
    expect([said(events, turn.id), said(events, next.id)]).toEqual(['before', 'echo: next'])
  })

  test('C 67: a request that nobody answers is refused at its deadline; the turn goes on; silence did not count', async () => {
    const session = await gateway.newSession()
    const turn = await gateway.ask(session, '@perm @say done')
    expect(turn.state).toBe('completed')
    const events = await gateway.events(session)
    expect(said(events, turn.id)).toBe('permission: no done')
    const closed = events.find((event) => event.type === 'permission.closed')
    expect(closed?.data).toMatchObject({ state: 'timed_out', option_id: 'no' })
    expect(PERMISSION_MS).toBeGreaterThan(SILENCE_MS)
  })

  test('C 69: two requests at once are settled once each; a second answer is 409', async () => {
    const session = await gateway.newSession()
    const { turn } = await gateway.client.prompt(session, { prompt: '@perm-twice' })
    const requests = await open(session, 2)
    const answers = requests.flatMap(({ id }) =>
      ['yes', 'no'].map((option_id) => gateway.client.answerPermission(id, { option_id })),
    )
    const results = await Promise.allSettled(answers)
    const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown)
    expect(refused).toMatchObject(Array.from({ length: 2 }, () => ({ code: 'PERMISSION_CLOSED', status: 409 })))
    expect((await gateway.ended(session, turn.id)).state).toBe('completed')
    const text = said(await gateway.events(session), turn.id)
    expect(text.match(/permission: (yes|no) /g)).toHaveLength(2)
  })

  test('C 71: a request that the agent does not wait for is void when its turn ends', async () => {
    const session = await gateway.newSession()
    expect((await gateway.ask(session, '@perm-no-wait')).state).toBe('completed')
    const states = async () => (await gateway.client.listPermissions({ session })).permissions.map(({ state }) => state)
    await vi.waitFor(async () => expect(await states()).not.toContain('open'), { timeout: 10_000 })
    expect((await gateway.ask(session, 'next')).state).toBe('completed')
  })
})

test('C 46: a turn ends at its own limit, whatever it says meanwhile', async () => {
  const deadlines = { turnMs: 2_000, cancelGraceMs: 200 }
  await using limited = await TestGateway.start({ config: { deadlines } })
  const session = await limited.newSession()
  const started = Date.now()
  const turn = await limited.ask(session, '@chunks 1000 50')
  expect(turn).toMatchObject({ state: 'timed_out', outcome: { error: { code: 'TURN_TIMED_OUT' } } })
  expect(Date.now() - started).toBeGreaterThanOrEqual(2_000)
  expect(Date.now() - started).toBeLessThan(5_000)
})

test('C 75, E 107: an idle agent makes room for another session, and its own goes on in a new process that is said', async () => {
  await using narrow = await TestGateway.start({
    config: { agents: { liveMax: 1 }, deadlines: { agentSlotMs: 1_500, cancelGraceMs: 200 } },
  })
  const [first, second] = await Promise.all([narrow.newSession(), narrow.newSession()])
  await narrow.ask(first, 'remember me')
  await narrow.ask(second, 'make room')
  const third = await narrow.ask(first, '@recall')
  const events = await narrow.events(first)
  expect(said(events, third.id)).toBe('recall 1: remember me')
  const ready = events.filter((event) => event.type === 'agent.ready').map(({ data }) => data)
  expect(ready).toMatchObject([{ generation: 1, continuity: 'new' }, { generation: 2 }])
  const busy = await narrow.client.prompt(first, { prompt: '@hang' })
  await expect.poll(async () => (await narrow.client.getSession(first)).activity, { timeout: 10_000 }).toBe('running')
  const waiting = await narrow.ask(second, 'no room')
  expect(waiting).toMatchObject({ state: 'failed', delivery: 'no', outcome: { error: { code: 'AGENT_LIMIT' } } })
  const patient = await narrow.client.prompt(second, { prompt: 'room again' })
  const starts = async () => (await narrow.client.getSession(second)).activity
  await expect.poll(starts, { timeout: 5_000, interval: 20 }).toBe('starting')
  await narrow.client.cancel(first, busy.turn.id)
  expect((await narrow.ended(second, patient.turn.id)).state).toBe('completed')
})
