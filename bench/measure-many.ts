// A thousand sessions with queued work, and room for 64 agents: whether anybody starves, and what others notice of the crowd.
// The agents are the cheapest there can be, so that the gateway is what is measured.

import { fileURLToPath } from 'node:url'

import { pause } from '../src/base/deadline.ts'
import { GatewayClient } from './gateway-client.ts'
import { AGENT_NAME, startGateway } from './gateway-process.ts'
import { LOOP_DELAY_IMPORT, loopDelayDuring } from './loop-delay.ts'
import type { LoopDelay } from './loop-delay.ts'
import type { Plan } from './measure.ts'
import type { Row } from './result.ts'
import { median, quantile } from './stats.ts'

const SESSIONS = 1_000
const PROMPTS_EACH = 3
const LIVE_MAX = 64
/** Requests of the crowd that are under way at once. */
const AT_ONCE = 8
const PROBE_EVERY_MS = 20
const ALL_MS_MAX = 300_000
const TINY_AGENT = fileURLToPath(new URL('agents/tiny-agent.sh', import.meta.url))
const CONFIG = { 'agents.liveMax': LIVE_MAX, 'limits.queuedMax': SESSIONS * PROMPTS_EACH }
const LATENCY_BAR = { on: 'value', kind: 'at most', limit: 50 } as const
/** Whoever is served in turn waits at the end twice as long as in the middle. */
const WAIT_BAR = { on: 'ratio', kind: 'at most', limit: 2.5 } as const

interface Turn {
  readonly n: number
  readonly state: string
  readonly accepted_at: string
  readonly dispatched_at: string | null
  readonly outcome: { readonly error: { readonly code: string } | null; readonly ended_at: string } | null
}

interface Status {
  readonly turns: { readonly queued: number; readonly active: number }
}

/** Milliseconds of each request. The health check does nothing: what it takes is the machine and the event loop. */
interface Latencies {
  readonly health: number[]
  readonly status: number[]
  readonly listing: number[]
}

export async function measureMany({ world }: Plan): Promise<Row[]> {
  const agent = ['/bin/sh', TINY_AGENT] as const
  const home = world.newHome()
  const execArgv = ['--import', LOOP_DELAY_IMPORT]
  await using gateway = await startGateway({ home, agent, launcher: world.launcher, config: CONFIG, execArgv })
  using crowd = new GatewayClient(gateway.address)
  using prober = new GatewayClient(gateway.address)
  const sessions = await openAll(crowd)
  const from = performance.now()
  const latencies: Latencies = { health: [], status: [], listing: [] }
  const delay = await loopDelayDuring(gateway.pid, home, () =>
    Promise.all([probeToTheEnd(prober, from, latencies), promptAll(crowd, sessions)]),
  )
  const seconds = (performance.now() - from) / 1000
  const turns = await readTurns(crowd, sessions)
  assertServed(turns)
  return [...crowdRows(turns, seconds), ...noticedRows(latencies, delay)]
}

async function openAll(client: GatewayClient): Promise<string[]> {
  const ids: string[] = []
  await each(SESSIONS, async () => {
    const body = { agent: AGENT_NAME, cwd: '/usr' }
    ids.push((await client.call<{ session: { id: string } }>('POST', '/v1/sessions', body)).session.id)
  })
  return ids
}

/** Everybody's first prompt, then everybody's second. */
function promptAll(client: GatewayClient, sessions: readonly string[]): Promise<void> {
  return each(SESSIONS * PROMPTS_EACH, async (i) => {
    await client.call('POST', `/v1/sessions/${sessions[i % SESSIONS]}/prompts`, { prompt: 'work' })
  })
}

/** Looks at the status and at the newest sessions, as a person with a dashboard does, until nothing is left to do. */
async function probeToTheEnd(client: GatewayClient, from: number, latencies: Latencies): Promise<void> {
  const timed = async <T>(path: string, times: number[]): Promise<T> => {
    const asked = performance.now()
    const answer = await client.call<T>('GET', path)
    times.push(performance.now() - asked)
    return answer
  }
  for (let isBusy = true; isBusy;) {
    if (performance.now() - from > ALL_MS_MAX) throw new Error('the crowd was not served in time')
    await timed('/livez', latencies.health)
    const { turns } = await timed<Status>('/v1/status', latencies.status)
    await timed('/v1/sessions?limit=100', latencies.listing)
    const isBegun = latencies.status.length > 1_000 / PROBE_EVERY_MS
    isBusy = !isBegun || turns.queued + turns.active > 0
    await pause(PROBE_EVERY_MS)
  }
}

async function readTurns(client: GatewayClient, sessions: readonly string[]): Promise<Turn[]> {
  const all: Turn[] = []
  await each(sessions.length, async (i) => {
    all.push(...(await client.call<{ turns: Turn[] }>('GET', `/v1/sessions/${sessions[i]}/turns`)).turns)
  })
  return all
}

/** A turn that was not served makes the others' waits look good: then nothing is measured. */
function assertServed(turns: readonly Turn[]): void {
  const unserved = turns.filter(({ state }) => state !== 'completed')
  const why = [...new Set(unserved.map(({ state, outcome }) => `${state} ${outcome?.error?.code ?? ''}`))].join(', ')
  if (unserved.length > 0) throw new Error(`${unserved.length} of ${turns.length} turns were not served: ${why}`)
}

const CROWD = `${SESSIONS.toLocaleString('en-US')} sessions, ${LIVE_MAX} agents`

function crowdRows(turns: readonly Turn[], seconds: number): Row[] {
  const first = turns.filter(({ n }) => n === 1)
  const waits = first.map((turn) => Date.parse(turn.dispatched_at ?? '') - Date.parse(turn.accepted_at))
  return [
    {
      name: `${CROWD}: longest wait of a first prompt`,
      unit: 'ms',
      floor: median(waits),
      holdfast: Math.max(...waits),
      bar: WAIT_BAR,
      note: 'floor: the median wait; 2 is perfect order',
    },
    { name: `${CROWD}: turns of 100 ms`, unit: 'turns/s', holdfast: turns.length / seconds },
  ]
}

function noticedRows({ health, status, listing }: Latencies, delay: LoopDelay): Row[] {
  return [
    latency('GET /v1/status', health, status),
    latency('GET /v1/sessions', health, listing),
    { name: `${CROWD}: event-loop delay p99`, unit: 'ms', holdfast: delay.p99Ms, note: 'about 1 ms is the probe' },
    { name: `${CROWD}: event-loop delay max`, unit: 'ms', holdfast: delay.maxMs },
  ]
}

function latency(what: string, health: readonly number[], times: readonly number[]): Row {
  const [floor, holdfast] = [quantile(health, 0.99), quantile(times, 0.99)]
  const note = 'floor: GET /livez at the same time'
  return { name: `${CROWD}: ${what}, p99`, unit: 'ms', floor, holdfast, bar: LATENCY_BAR, note }
}

/** `run` for 0 to `count` - 1, in order, so many at once. */
async function each(count: number, run: (i: number) => Promise<void>): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) await run(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}
