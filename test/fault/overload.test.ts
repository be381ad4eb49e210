// Fault battery E on a real gateway: agents that flood, swell and block, requests in storms. The gateway stays small, quick and honest.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'
import type { TestAgent } from '../_support/test-gateway.ts'

const MIB = 1024 * 1024
const EVENTS_MAX = 40_000
const PERMISSIONS_MAX = 64

let gateway: TestGateway
beforeAll(async () => {
  gateway = await TestGateway.start({
    agents: { deaf: fixture('deaf-stdin.mjs'), deafAfterNew: fixture('deaf-after-new.mjs') },
    config: {
      http: { enabled: true, port: 0 },
      deadlines: { silenceMs: 3_000, cancelGraceMs: 500, initializeMs: 2_000 },
      limits: { turnEventsMax: EVENTS_MAX, promptBytesMax: 12 * MIB, bodyBytesMax: 16 * MIB },
    },
  })
})
afterAll(() => gateway[Symbol.asyncDispose]())

const fixture = (name: string): TestAgent => ({
  command: [process.execPath, join(import.meta.dirname, '../agents', name)],
})

function residentMib(): number {
  const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}

const descriptors = (): number => readdirSync(`/proc/${gateway.pid}/fd`).length

/** The largest of `samples` without the worst hundredth. */
const p99 = (samples: readonly number[]): number =>
  samples.toSorted((a, b) => a - b)[Math.ceil(samples.length * 0.99) - 1] ?? Number.POSITIVE_INFINITY

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

// One after the other: each looks at the memory or the quickness of the whole gateway.
describe('E', () => {
  test('93: a line without an end costs its agent, not the gateway; the session goes on', async () => {
    const session = await gateway.newSession()
    await gateway.ask(session, 'warm')
    const before = residentMib()
    const turn = await gateway.ask(session, '@bigline 64')
    expect(turn).toMatchObject({ state: 'failed', outcome: { error: { code: 'AGENT_PROTOCOL_ERROR' } } })
    expect(turn.outcome?.error?.message).toContain('line_too_long')
    expect(residentMib() - before).toBeLessThan(100)
    expect((await gateway.ask(session, 'next')).state).toBe('completed')
  })

  test('95: a flood ends at its limit; meanwhile another session and the health check are served', async () => {
    const [loud, calm] = await Promise.all([gateway.newSession(), gateway.newSession()])
    await gateway.ask(calm, 'warm')
    const url = (await gateway.client.status()).url ?? ''
    const flood = await gateway.client.prompt(loud, { prompt: '@flood 500000' })
    const isOver = async () => (await gateway.client.getTurn(loud, flood.turn.id)).outcome !== null
    const turns: number[] = []
    const health: number[] = []
    do {
      turns.push(await timed(() => gateway.ask(calm, 'are you there')))
      health.push(await timed(() => fetch(`${url}/livez`)))
    } while (!(await isOver()) && turns.length < 1_000)
    const ended = await gateway.ended(loud, flood.turn.id)
    expect(ended).toMatchObject({ state: 'failed', outcome: { error: { code: 'TURN_OUTPUT_LIMIT' } } })
    // The battery's bounds for a quiet machine, three times.
    expect(p99(turns)).toBeLessThan(3 * 250)
    expect(p99(health)).toBeLessThan(3 * 100)
    expect((await gateway.ask(loud, 'next')).state).toBe('completed')
  })

  test('96: 64 MiB of stderr are taken away, kept in part, and do not block the agent', async () => {
    const session = await gateway.newSession()
    await gateway.ask(session, 'warm')
    const before = residentMib()
    expect((await gateway.ask(session, '@flood-stderr 64')).state).toBe('completed')
    expect(residentMib() - before).toBeLessThan(60)
    const { outcome } = await gateway.ask(session, '@kill9')
    const { stderr = '' } = (outcome?.error?.details ?? {}) as { stderr?: string }
    expect(stderr).toContain('eee')
    expect(stderr.length).toBeLessThanOrEqual(4_096)
  })

  test('108: of a storm of requests as many wait as may; the rest is refused at once; a cancel settles all', async () => {
    const session = await gateway.newSession()
    const { turn } = await gateway.client.prompt(session, { prompt: '@perm-storm 20000' })
    const open = async () => (await gateway.client.listPermissions({ session, state: 'open', limit: 200 })).permissions
    await expect.poll(open, { timeout: 10_000 }).toHaveLength(PERMISSIONS_MAX)
    expect(await timed(() => gateway.client.status())).toBeLessThan(1_000)
    await gateway.client.cancel(session, turn.id)
    expect((await gateway.ended(session, turn.id)).state).toBe('cancelled')
    expect(await open()).toEqual([])
    const stored = (await gateway.events(session)).filter((event) => event.type === 'permission.requested')
    expect(stored).toHaveLength(PERMISSIONS_MAX)
    expect((await gateway.ask(session, 'next')).state).toBe('completed')
  })

  test('110: sessions that are created, prompted and closed leave no descriptor and no process', async () => {
    const cycle = async (): Promise<void> => {
      const session = await gateway.newSession()
      await gateway.client.closeSession(session)
    }
    const withAgent = async (): Promise<void> => {
      const session = await gateway.newSession()
      await gateway.ask(session, 'hello')
      await gateway.client.closeSession(session)
    }
    await Promise.all([cycle(), withAgent()])
    const [before, processes] = [descriptors(), gateway.agents().length]
    for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 25 }, cycle))
    await Promise.all(Array.from({ length: 8 }, withAgent))
    expect(gateway.agents()).toHaveLength(processes)
    // Connections that the test itself keeps alive come and go.
    await expect.poll(descriptors, { timeout: 5_000 }).toBeLessThanOrEqual(before + 40)
  })
})

describe.concurrent('E, lines', () => {
  test('98: half a line and then silence is silence', async () => {
    const session = await gateway.newSession()
    const turn = await gateway.ask(session, '@half')
    expect(turn).toMatchObject({ state: 'timed_out', outcome: { error: { code: 'TURN_TIMED_OUT' } } })
    expect((await gateway.ask(session, 'next')).state).toBe('completed')
  })

  test('99: a line that is nested too deeply is left out, and that is said', async () => {
    const session = await gateway.newSession()
    expect((await gateway.ask(session, '@deep 100000 @say after')).state).toBe('completed')
    const warnings = (await gateway.events(session)).filter((event) => event.type === 'agent.warning')
    expect(warnings.map(({ data }) => data)).toMatchObject([{ warning: 'too_deep', count: 1 }])
    expect(await gateway.text(session)).toBe('after')
  })

  test('100: a message of 4 MiB arrives whole, in pages and in streams', async () => {
    const session = await gateway.newSession()
    const { turn } = await gateway.client.prompt(session, { prompt: '@bigchunk 4096' })
    let streamed = 0
    for await (const { type, data } of gateway.client.events(session)) {
      if (type === 'update') streamed += JSON.stringify(data).split('b').length - 1
      if (type === 'turn.ended') break
    }
    expect((await gateway.ended(session, turn.id)).state).toBe('completed')
    expect((await gateway.text(session)).length).toBe(4 * MIB)
    expect(streamed).toBeGreaterThanOrEqual(4 * MIB)
  })

  test('101: an agent that reads nothing ends its start at the deadline, however large the prompt', async () => {
    const session = await gateway.newSession('deaf')
    const turn = await gateway.ask(session, 'x'.repeat(8 * MIB))
    expect(turn).toMatchObject({ state: 'failed', delivery: 'no', outcome: { error: { code: 'AGENT_START_TIMEOUT' } } })
  })

  test('101: an agent that stops reading before 8 MiB of prompt ends its turn in bounded time', async () => {
    const session = await gateway.newSession('deafAfterNew')
    const started = Date.now()
    const turn = await gateway.ask(session, 'x'.repeat(8 * MIB))
    expect(turn).toMatchObject({ state: 'timed_out', delivery: 'unknown', outcome: { forced: true } })
    expect(Date.now() - started).toBeLessThan(15_000)
  })
})
