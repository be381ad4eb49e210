// Holdfast as its users meet it: a gateway process, the HTTP API on its socket, one event stream per session. Everything is stored.

import { AGENT_NAME, startGateway } from './gateway-process.ts'
import type { GatewayProcess } from './gateway-process.ts'
import { GatewayClient } from './gateway-client.ts'
import type { SessionEvents } from './gateway-client.ts'
import { cpuMsOfAll } from './proc.ts'
import { serveSide } from './side.ts'
import type { Side, SideOptions, TurnBatch, TurnTimes } from './side.ts'

class GatewaySide implements Side {
  readonly #events = new Map<string, SessionEvents>()
  #options: SideOptions | undefined
  #gateway: GatewayProcess | undefined
  #client: GatewayClient | undefined

  async open(options: SideOptions): Promise<{ pid: number; readyMs: number }> {
    this.#options = options
    this.#gateway = await startGateway(options)
    this.#client = new GatewayClient(this.#gateway.address)
    return { pid: this.#gateway.pid, readyMs: this.#gateway.readyMs }
  }

  async coldStart(): Promise<{ session: string; readyMs: number; endMs: number }> {
    const body = { agent: AGENT_NAME, cwd: this.#options!.home }
    const from = performance.now()
    const made = await this.#client!.call<{ session: { id: string } }>('POST', '/v1/sessions', body)
    const session = made.session.id
    const events = await this.#client!.follow(session, 0)
    this.#events.set(session, events)
    const seen = Promise.all([events.until('agent.ready', from), events.until('turn.ended', from)])
    await this.#post(session, 'turn')
    const [ready, ended] = await seen
    return { session, readyMs: ready.endMs, endMs: ended.endMs }
  }

  async prompt(session: string, text: string, count: number): Promise<TurnBatch> {
    const events = await this.#follow(session)
    const { pid, keepers } = this.#gateway!
    const pids = [pid, ...keepers()]
    const before = cpuMsOfAll(pids)
    const turns: TurnTimes[] = []
    for (let i = 0; i < count; i++) {
      const ended = events.until('turn.ended')
      await Promise.all([this.#post(session, text), ended])
      turns.push(await ended)
    }
    return { turns, cpuMs: cpuMsOfAll(pids) - before }
  }

  async close(): Promise<void> {
    for (const events of this.#events.values()) events[Symbol.dispose]()
    this.#client?.[Symbol.dispose]()
    await this.#gateway?.[Symbol.asyncDispose]()
  }

  async #post(session: string, prompt: string): Promise<void> {
    await this.#client!.call('POST', `/v1/sessions/${session}/prompts`, { prompt })
  }

  /** A session that was there before (prefilled, or of an earlier gateway) is followed from its end. */
  async #follow(session: string): Promise<SessionEvents> {
    const known = this.#events.get(session)
    if (known !== undefined) return known
    const { id, last_seq: lastSeq } = await this.#client!.call<{ id: string; last_seq: number }>(
      'GET',
      `/v1/sessions/${session}`,
    )
    const events = await this.#client!.follow(id, lastSeq)
    this.#events.set(session, events)
    return events
  }
}

serveSide(new GatewaySide())
