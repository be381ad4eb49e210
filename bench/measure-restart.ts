// The time without service of a restart: a client asks /readyz every 5 ms, on a connection of its own each time. From the last yes of the
// old life to the first yes of the next one, with ten warm agents that both have.

import { request } from 'node:http'

import { ignore, pause } from '../src/base/deadline.ts'
import { GatewayClient } from './gateway-client.ts'
import type { GatewayAddress } from './gateway-client.ts'
import { AGENT_NAME, startGateway } from './gateway-process.ts'
import type { Plan } from './measure.ts'
import { inRounds } from './measure.ts'
import type { Row } from './result.ts'
import { median } from './stats.ts'
import type { World } from './world.ts'

const WAYS = ['successor', 'in-process'] as const
const ASK_EVERY_MS = 5
const AGENTS = 10
const ROUNDS_MAX = 10
const BACK_MS_MAX = 30_000
const BAR = { on: 'value', kind: 'at most', limit: 1_000 } as const

export async function measureRestart({ world, rounds }: Plan): Promise<Row[]> {
  const rows: Row[] = []
  for (const way of WAYS) {
    const gaps = await measureWay(world, way, Math.min(rounds, ROUNDS_MAX))
    rows.push({ name: `time without service, restart ${way}`, unit: 'ms', holdfast: median(gaps), bar: BAR })
    rows.push({ name: `the longest of ${gaps.length}`, unit: 'ms', holdfast: Math.max(...gaps) })
  }
  return rows
}

async function measureWay(world: World, way: (typeof WAYS)[number], rounds: number): Promise<number[]> {
  const { agent, launcher } = world
  const home = world.newHome()
  await using gateway = await startGateway({ home, agent, launcher, config: { 'restart.way': way } })
  const { address } = gateway
  await using _stop = { [Symbol.asyncDispose]: () => stopWhoeverServes(address) }
  await warmAgents(address, home)
  return await inRounds(rounds, () => gapOfRestart(address))
}

async function warmAgents(address: GatewayAddress, cwd: string): Promise<void> {
  using client = new GatewayClient(address)
  for (let i = 0; i < AGENTS; i++) {
    const { session } = await client.call<{ session: { id: string } }>('POST', '/v1/sessions', {
      agent: AGENT_NAME,
      cwd,
    })
    const path = `/v1/sessions/${session.id}`
    const { turn } = await client.call<{ turn: { id: string } }>('POST', `${path}/prompts`, { prompt: 'turn' })
    await client.call('GET', `${path}/turns/${turn.id}?wait_ms=20000`)
  }
}

/** Milliseconds between two answers, so at least one period. */
async function gapOfRestart(address: GatewayAddress): Promise<number> {
  using client = new GatewayClient(address)
  const { epoch } = await client.call<{ epoch: number }>('GET', '/v1/status')
  const asked = client.call('POST', '/v1/gateway/restart', {})
  asked.catch(ignore('it is awaited once somebody serves'))
  const untilMs = performance.now() + BACK_MS_MAX
  let last = performance.now()
  let gap = 0
  while (performance.now() < untilMs) {
    if (await isReady(address)) {
      const now = performance.now()
      gap = Math.max(gap, now - last)
      last = now
      if (await isNext(address, epoch)) {
        await asked
        return gap
      }
    }
    await pause(ASK_EVERY_MS)
  }
  throw new Error(`no gateway served again within ${BACK_MS_MAX} ms`)
}

async function isNext(address: GatewayAddress, before: number): Promise<boolean> {
  using client = new GatewayClient(address)
  try {
    return (await client.call<{ epoch: number }>('GET', '/v1/status')).epoch > before
  } catch {
    return false
  }
}

function isReady({ socketPath }: GatewayAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ socketPath, path: '/readyz', agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asking.once('error', () => resolve(false)).end()
  })
}

/** A successor is nobody's child here. */
async function stopWhoeverServes(address: GatewayAddress): Promise<void> {
  using client = new GatewayClient(address)
  await client.call('POST', '/v1/gateway/stop', {})
  const untilMs = performance.now() + BACK_MS_MAX
  while ((await isNext(address, 0)) && performance.now() < untilMs) await pause(ASK_EVERY_MS)
}
