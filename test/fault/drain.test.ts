// A gateway that is asked to end while it works: who is refused, who may go on, who is cut, and what those hear who follow.
// One home for most of it: each drain is followed by the next life, which shows what it left.

import type { ChildProcess } from 'node:child_process'

import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import type { HoldfastClient } from '../../src/client/client.ts'
import { killPid } from '../_support/kill.ts'
import { TestGateway } from '../_support/test-gateway.ts'

let gateway: TestGateway

beforeAll(async () => {
  const deadlines = { drainMs: 20_000, cancelGraceMs: 300 }
  gateway = await TestGateway.start({ config: { deadlines } })
}, 30_000)
afterAll(() => gateway[Symbol.asyncDispose]())

/** Begins a drain with so much time for turns; resolves with the exit code when the gateway is gone. */
async function drain(budgetMs: number): Promise<{ exited: Promise<number | null> }> {
  const child = gateway.process!
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await gateway.client.stopGateway({ drain_ms: budgetMs })
  await vi.waitFor(async () => expect(await gateway.client.isReady()).toBe(false), 5_000)
  return { exited }
}

/** Lines of the log with this message since the last start. */
function logged(message: string): Record<string, unknown>[] {
  const life = gateway.output.slice(gateway.output.lastIndexOf('"msg":"ready"'))
  const lines = life.split('\n').filter((line) => line.startsWith('{'))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === message)
}

async function running(prompt: string): Promise<{ session: string; turn: string }> {
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, { prompt: `@say going ${prompt}` })
  await vi.waitFor(async () => expect(await gateway.text(session)).toContain('going'), 10_000)
  return { session, turn: turn.id }
}

function spawned(...args: string[]): { child: ChildProcess; said: () => string; ended: Promise<number | null> } {
  const child = gateway.spawn(...args)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stdin?.end()
  return { child, said: () => text, ended: new Promise((resolve) => child.once('close', resolve)) }
}

test('F 115: a turn that hangs is cut when its budget is over: interrupted by the drain, exit 0, and the log says what took how long', async () => {
  const { session, turn } = await running('@hang')
  const startedAt = performance.now()
  const { exited } = await drain(1_000)
  expect(await exited).toBe(0)
  expect(performance.now() - startedAt).toBeGreaterThan(900)
  expect(gateway.leaks()).toEqual([])
  const phases = logged('drain phase done').concat(logged('drain phase over its time'))
  const time = { ms: expect.any(Number), msMax: expect.any(Number) }
  expect(phases).toEqual(
    ['grace', 'agents', 'close', 'turns'].map((phase) => expect.objectContaining({ phase, ...time })),
  )
  expect(logged('drained')).toMatchObject([{ turns: 1, cut: 1, forced: false }])
  expect(gateway.output).toContain('holdfast: 1 running turn was cut')
  await gateway.start()
  const { outcome } = await gateway.client.getTurn(session, turn)
  expect(outcome).toMatchObject({
    state: 'interrupted',
    error: { code: 'TURN_INTERRUPTED', details: { reason: 'drain' } },
  })
  await gateway.client.resume(session, 'discard')
}, 30_000)

type Call = (client: HoldfastClient, busy: string) => Promise<unknown>

const REFUSED: Readonly<Record<string, Call>> = {
  'a prompt': (client, busy) => client.prompt(busy, { prompt: 'late' }),
  'a new session': (client) => client.createSession({ agent: 'scripted', cwd: '/tmp' }),
  'an ensured session': (client) => client.ensureSession('drain-key', { agent: 'scripted', cwd: '/tmp' }),
  'an adopted session': (client) => client.adoptSession({ agent: 'scripted', agent_session_id: 'x', cwd: '/tmp' }),
  'a retry': (client, busy) => client.resume(busy, 'retry'),
  'a reload': (client) => client.reloadGateway(),
}

test('F 116: while it drains new work is refused with a time to come back; reads, answers, cancels and closes go on; queued prompts run in the next life', async () => {
  const asking = await running('@perm')
  const busy = await running('@hang')
  const { turn: queued } = await gateway.client.prompt(busy.session, { prompt: 'later' })
  const idle = await gateway.newSession()
  const { exited } = await drain(10_000)
  for (const [what, call] of Object.entries(REFUSED)) {
    const error = await call(gateway.client, busy.session).catch((reason: unknown) => reason)
    expect([what, error]).toEqual([what, expect.objectContaining({ code: 'GATEWAY_DRAINING', status: 503 })])
    const { retryAfterMs } = error as { retryAfterMs: number }
    expect(retryAfterMs).toBeGreaterThan(2_000)
    expect(retryAfterMs).toBeLessThanOrEqual(11_000)
  }
  expect((await gateway.client.listSessions()).sessions.length).toBeGreaterThan(2)
  const [request] = (await gateway.client.listPermissions({ state: 'open' })).permissions
  if (request === undefined) throw new Error('nothing was asked')
  const [{ optionId }] = request.options as [{ optionId: string }]
  await gateway.client.answerPermission(request.id, { option_id: optionId })
  expect(await gateway.ended(asking.session, asking.turn)).toMatchObject({ state: 'completed' })
  expect((await gateway.client.closeSession(idle)).session.state).toBe('closed')
  await gateway.client.cancel(busy.session, busy.turn)
  expect(await exited).toBe(0)
  expect(logged('drained')).toMatchObject([{ turns: 2, cut: 0 }])
  await gateway.start()
  expect(await gateway.client.getTurn(busy.session, busy.turn)).toMatchObject({ state: 'cancelled' })
  expect(await gateway.ended(busy.session, queued.id)).toMatchObject({ state: 'completed' })
}, 30_000)

test('a turn that compacts its context gives way at once, and the session says that it does; others have their time', async () => {
  const compacting = await running('@compact in_progress @hang')
  const done = await running('@compact in_progress @compact completed @sleep 700 @say through')
  const detailOf = async (id: string) => (await gateway.client.getSession(id)).activity_detail
  await vi.waitFor(async () => expect(await detailOf(compacting.session)).toBe('compacting'), 5_000)
  expect(await detailOf(done.session)).toBeNull()
  const { exited } = await drain(15_000)
  expect(await exited).toBe(0)
  expect(logged('drained')).toMatchObject([{ turns: 2, cut: 0 }])
  await gateway.start()
  expect(await gateway.client.getTurn(compacting.session, compacting.turn)).toMatchObject({ state: 'interrupted' })
  expect(await gateway.client.getTurn(done.session, done.turn)).toMatchObject({ state: 'completed' })
  await gateway.client.resume(compacting.session, 'discard')
}, 30_000)

test('who follows over a restart notices nothing and misses nothing; who follows a stop is told', async () => {
  const { session } = await running('@sleep 1200 @say through')
  const follower = spawned('events', '-f', session)
  await vi.waitFor(() => expect(follower.said()).toContain('going'), 5_000)
  const child = gateway.process!
  const gone = new Promise((resolve) => child.once('exit', resolve))
  await gateway.client.stopGateway({ keep_agents: true })
  await gone
  await gateway.start()
  await vi.waitFor(() => expect(follower.said()).toContain('turn.ended'), 10_000)
  const seqs = [...follower.said().matchAll(/^ *(\d+) {2}/gm)].map((match) => Number(match[1]))
  expect(seqs).toEqual(seqs.map((_, i) => i + 1))
  expect(follower.said()).not.toMatch(/reconnect|cut|stops|waiting/)
  const { exited } = await drain(1_000)
  await exited
  await vi.waitFor(() => expect(follower.said()).toContain('the gateway stops'), 5_000)
  killPid(follower.child.pid, 'SIGINT')
  expect(await follower.ended).toBe(130)
  await gateway.start()
}, 30_000)
