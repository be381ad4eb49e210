// The floor: the bare ndjson client on the same agent. What Holdfast adds is measured as a multiple of it.

import { NdjsonClient } from './ndjson-client.ts'
import { serveSide } from './side.ts'
import type { Side, SideOptions, TurnBatch, TurnTimes } from './side.ts'

class FloorSide implements Side {
  readonly #clients = new Map<string, NdjsonClient>()
  #options: SideOptions | undefined

  async open(options: SideOptions): Promise<{ pid: number; readyMs: number }> {
    this.#options = options
    return { pid: process.pid, readyMs: 0 }
  }

  async coldStart(): Promise<{ session: string; readyMs: number; endMs: number }> {
    const { agent, home } = this.#options!
    const from = performance.now()
    const client = new NdjsonClient(agent)
    const session = `floor-${this.#clients.size + 1}`
    this.#clients.set(session, client)
    await client.initialize()
    const agentSession = await client.newSession(home)
    const readyMs = performance.now() - from
    await client.prompt(agentSession, 'turn')
    return { session, readyMs, endMs: performance.now() - from }
  }

  async prompt(session: string, text: string, count: number): Promise<TurnBatch> {
    const client = this.#clients.get(session)!
    const before = process.cpuUsage()
    const turns: TurnTimes[] = []
    for (let i = 0; i < count; i++) turns.push(await client.prompt('b', text))
    const { user, system } = process.cpuUsage(before)
    return { turns, cpuMs: (user + system) / 1000 }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()))
  }
}

serveSide(new FloorSide())
