// B 27 to 30: who dies, and what must be gone, live on or go on then. Gateway, keeper and warden are killed in every combination
// that matters; with agents in a keeper, and inside the gateway.

import { expect, test } from 'vitest'

import { killPid } from '../_support/kill.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { fillZoo, ZOO_SIZE, type Zoo } from '../_support/zoo.ts'

const INLINE = { config: { keeper: { hosting: 'inline' } } }
const HOSTINGS = { keeper: {}, inline: INLINE } as const

async function agentPids(gateway: TestGateway, sessions: readonly string[]): Promise<(number | null)[]> {
  return Promise.all(sessions.map(async (session) => (await gateway.client.getSession(session)).agent_pid))
}

async function wardenOf(gateway: TestGateway): Promise<number> {
  const { warden_pid: pid } = await gateway.client.status()
  if (!pid) throw new Error('there is no warden')
  return pid
}

/** Everything that lives, looked for by other means than the sweep's. */
function left(gateway: TestGateway, zoo: Zoo): unknown[] {
  return [...gateway.leaks(), ...zoo.alive()]
}

/** What is promised. */
const GONE = { timeout: 2_000, interval: 20 }

/** As many as outlive their gateway without anybody's help. */
const LEFT_MIN = 5

/** `n` of the log line that counts what a start had to end. */
function endedAtStart(gateway: TestGateway): number {
  const lines = gateway.output.split('\n').filter((line) => line.includes('processes of an earlier life ended'))
  return lines.reduce((sum, line) => sum + (JSON.parse(line) as { ended: number }).ended, 0)
}

test('B 27, keeper: SIGKILL of the gateway ends no idle agent; the next life has the same processes', async () => {
  await using gateway = await TestGateway.start()
  const { sessions, alive } = await fillZoo(gateway)
  const before = await agentPids(gateway, sessions)
  const all = alive().map(({ pid }) => pid)
  await gateway.kill()
  await gateway.start()
  expect(alive().map(({ pid }) => pid)).toEqual(all)
  for (const session of sessions) expect((await gateway.ask(session, 'again')).state).toBe('completed')
  expect(await agentPids(gateway, sessions)).toEqual(before)
  expect(await gateway.received('start')).toHaveLength(sessions.length)
})

test('B 27, keeper: SIGKILL of gateway and keeper: all agents and what they left are gone in 2 s without a new start', async () => {
  await using gateway = await TestGateway.start()
  const zoo = await fillZoo(gateway)
  const keepers = gateway.keepers()
  await gateway.kill()
  expect(zoo.alive()).toHaveLength(ZOO_SIZE)
  for (const pid of keepers) killPid(pid, 'SIGKILL')
  await expect.poll(() => left(gateway, zoo), GONE).toEqual([])
})

test('B 27, inline: SIGKILL of the gateway: all agents and what they left are gone in 2 s without a new start', async () => {
  await using gateway = await TestGateway.start(INLINE)
  const zoo = await fillZoo(gateway)
  await gateway.kill()
  await expect.poll(() => left(gateway, zoo), GONE).toEqual([])
})

test.for(['keeper', 'inline'] as const)(
  'B 28, %s: gateway, keeper and warden killed: all gone before the next life is ready, which says how many',
  async (hosting) => {
    await using gateway = await TestGateway.start(HOSTINGS[hosting])
    const zoo = await fillZoo(gateway)
    const warden = await wardenOf(gateway)
    const keepers = gateway.keepers()
    // The warden last would do its work; first, it would be started again.
    killPid(gateway.pid, 'SIGSTOP')
    for (const pid of keepers) killPid(pid, 'SIGSTOP')
    killPid(warden, 'SIGKILL')
    for (const pid of keepers) killPid(pid, 'SIGKILL')
    await gateway.kill()
    await expect.poll(() => zoo.alive().length).toBeLessThan(ZOO_SIZE) // the polite ones leave by themselves
    await gateway.start()
    expect(zoo.alive()).toEqual([])
    expect(endedAtStart(gateway)).toBeGreaterThanOrEqual(LEFT_MIN)
  },
)

test('B 28: SIGKILL of the keeper alone: running turns fail delivered, sessions go on with a new keeper, the trees are gone in 2 s', async () => {
  await using gateway = await TestGateway.start()
  const { sessions, alive } = await fillZoo(gateway)
  const [first = ''] = sessions
  const { turn } = await gateway.client.prompt(first, { prompt: '@say half @hang' })
  const queued = await gateway.client.prompt(first, { prompt: 'behind it' })
  await expect.poll(() => gateway.text(first), { timeout: 10_000 }).toContain('half')
  const old = new Set(alive().map(({ pid }) => pid))
  const [keeper] = gateway.keepers()
  killPid(keeper, 'SIGKILL')
  const living = (): number[] =>
    alive()
      .map(({ pid }) => pid)
      .filter((pid) => old.has(pid))
  await expect.poll(living, { timeout: 2_000, interval: 20 }).toEqual([])
  const failed = await gateway.ended(first, turn.id)
  expect(failed).toMatchObject({ state: 'failed', delivery: 'yes', outcome: { error: { code: 'AGENT_EXITED' } } })
  expect(await gateway.ended(first, queued.turn.id)).toMatchObject({ state: 'completed' })
  for (const session of sessions) expect((await gateway.ask(session, 'again')).state).toBe('completed')
  expect(await gateway.text(first)).toContain('half')
  expect(gateway.keepers()).toHaveLength(1)
  expect(gateway.keepers()).not.toContain(keeper)
  const received = await gateway.received('recv')
  expect(new Set(received.map(({ id }) => id)).size).toBe(received.length)
})

test('B 29, keeper: SIGKILL in the middle of a turn: it goes on in the same process, and what was seen stays', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, { prompt: '@chunks 40 20 @say done' })
  await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('chunk 3')
  const before = await gateway.events(session)
  await gateway.kill()
  await gateway.start()
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed', delivery: 'yes' })
  expect((await gateway.events(session)).slice(0, before.length)).toEqual(before)
  const chunks = Array.from({ length: 40 }, (_, i) => `chunk ${i + 1} `).join('')
  expect(await gateway.text(session)).toBe(`${chunks}done`)
  expect(await gateway.received('start')).toHaveLength(1)
})

test.for(['hold', 'continue'] as const)(
  'B 29, inline: SIGKILL in the middle of a turn: interrupted, events kept, the session follows its policy: %s',
  async (policy) => {
    await using gateway = await TestGateway.start(INLINE)
    const session = await gateway.newSession('scripted', { on_interrupt: policy })
    const { turn } = await gateway.client.prompt(session, { prompt: '@say half @hang' })
    const queued = await gateway.client.prompt(session, { prompt: 'behind it' })
    await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('half')
    const before = await gateway.events(session)
    await gateway.kill()
    await gateway.start()
    expect(await gateway.client.getTurn(session, turn.id)).toMatchObject({ state: 'interrupted', delivery: 'yes' })
    expect((await gateway.events(session)).slice(0, before.length)).toEqual(before)
    const isHeld = policy === 'hold'
    if (isHeld) expect(await gateway.client.getSession(session)).toMatchObject({ blocked_by: turn.id })
    if (isHeld) await gateway.client.resume(session, 'continue')
    expect(await gateway.ended(session, queued.turn.id)).toMatchObject({ state: 'completed' })
    expect(await gateway.received('recv')).toHaveLength(2)
  },
)

test.for(['keeper', 'inline'] as const)(
  'B 30, %s: SIGKILL with five prompts queued: still there in their order, each delivered once',
  async (hosting) => {
    await using gateway = await TestGateway.start(HOSTINGS[hosting])
    const session = await gateway.newSession('scripted', { on_interrupt: 'continue' })
    const first = await gateway.client.prompt(session, { prompt: '@say busy @hang' })
    const queued: string[] = []
    for (let i = 0; i < 5; i++) queued.push((await gateway.client.prompt(session, { prompt: `n ${i}` })).turn.id)
    await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('busy')
    await gateway.kill()
    await gateway.start()
    if (hosting === 'keeper') {
      expect((await gateway.client.getSession(session)).queued).toEqual(queued)
      await gateway.client.cancel(session, first.turn.id)
    }
    for (const id of queued) expect((await gateway.ended(session, id)).state).toBe('completed')
    expect((await gateway.received('recv')).map(({ id }) => id)).toEqual([first.turn.id, ...queued])
  },
)
