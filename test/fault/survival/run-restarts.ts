// Many restarts of one gateway while three clients prompt and follow: each way in turn, at a random moment. Every prompt that was accepted must
// end completed, every stream be gapless, and nothing be left at the end. Used by the test and by `npm run survival -- --restarts=50`.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { EventView } from '../../../src/wire/event.ts'
import { seededRandom } from '../../model/random.ts'
import { TestGateway } from '../../_support/test-gateway.ts'
import { until } from '../../_support/until.ts'

export interface RestartsOptions {
  readonly restarts: number
  readonly seed: number
  onRestart?(no: number, way: string): void
}

export interface RestartsTotals {
  readonly restarts: number
  /** Prompts that were accepted, all of them completed. */
  readonly prompts: number
  readonly events: number
}

const CLIENTS = 3
const WAYS = ['successor', 'in-process'] as const
const CHUNKS = 40
const PROMPT = `@chunks ${CHUNKS} 8`
const TEXT = Array.from({ length: CHUNKS }, (_, i) => `chunk ${i + 1} `).join('')
const APART_MS_MAX = 500
const BACK_MS_MAX = 20_000
const RETRY_MS = 10

/** Rejects with the first promise that was broken. */
export async function runRestarts({ restarts, seed, onRestart }: RestartsOptions): Promise<RestartsTotals> {
  await using gateway = await TestGateway.start()
  const random = seededRandom(seed)
  const over = new AbortController()
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => Client.open(gateway)))
  const working = clients.map((client) => client.work(over.signal))
  const failed = Promise.race(working.map((work) => work.then(() => new Promise<never>(() => {}))))
  for (let no = 1; no <= restarts; no++) {
    const way = WAYS[random.int(WAYS.length)]!
    await Promise.race([restart(gateway, way, random.int(APART_MS_MAX)), failed])
    onRestart?.(no, way)
  }
  over.abort()
  await Promise.all(working)
  for (const client of clients) await client.check()
  await gateway.stopWhoeverServes()
  await until(() => gateway.leaks().length === 0, {
    ms: 10_000,
    what: () => `left: ${JSON.stringify(gateway.leaks())}`,
  })
  const sum = (of: (client: Client) => number): number => clients.reduce((total, client) => total + of(client), 0)
  return { restarts, prompts: sum(({ turns }) => turns.length), events: sum(({ events }) => events.length) }
}

async function restart(gateway: TestGateway, way: string, afterMs: number): Promise<void> {
  await sleep(afterMs)
  const file = join(gateway.home, 'config.jsonc')
  const config = JSON.parse(readFileSync(file, 'utf8')) as object
  writeFileSync(file, JSON.stringify({ ...config, restart: { way } }))
  const answer = await gateway.client.restartGateway({})
  if (answer.way !== way) throw new Error(`the restart went ${answer.way}, not ${way}`)
  const isBack = async (): Promise<boolean> => {
    const status = await gateway.client.status({ timeoutMs: 2_000 }).catch(() => undefined)
    return status?.state === 'ready' && status.epoch > answer.epoch
  }
  await until(isBack, {
    ms: BACK_MS_MAX,
    what: () => `a life after epoch ${answer.epoch}: ${gateway.output.slice(-4_000)}`,
  })
}

/** One session: prompts one after the other, and a reader with a cursor over all lives. */
class Client {
  readonly turns: string[] = []
  readonly events: EventView[] = []
  readonly #gateway: TestGateway
  readonly #session: string

  private constructor(gateway: TestGateway, session: string) {
    this.#gateway = gateway
    this.#session = session
  }

  static async open(gateway: TestGateway): Promise<Client> {
    return new Client(gateway, await gateway.newSession())
  }

  async work(over: AbortSignal): Promise<void> {
    const read = new AbortController()
    const reading = this.#follow(read.signal)
    while (!over.aborted) this.turns.push(await this.#complete(`p${this.turns.length}`))
    const last = this.turns.at(-1)
    const isTold = (): boolean => this.events.some(({ type, turn_id: id }) => type === 'turn.ended' && id === last)
    await until(isTold, { ms: BACK_MS_MAX, what: () => `the reader was told the end of ${last}` })
    read.abort()
    await reading
  }

  /** Every chunk of every prompt, in order, once: in what was told, and in what is stored. */
  async check(): Promise<void> {
    const wrong = this.events.findIndex(({ seq }, i) => seq !== i + 1)
    if (wrong !== -1) throw new Error(`event ${this.events[wrong]?.seq} stands at the place of ${wrong + 1}`)
    const told = this.events.map(({ data }) => textOf(data)).join('')
    if (told !== TEXT.repeat(this.turns.length)) throw new Error(`told: ${told}`)
  }

  /** The gateway may be away, or about to be: the key makes trying again harmless. */
  async #complete(key: string): Promise<string> {
    const send = () => this.#gateway.client.prompt(this.#session, { prompt: PROMPT, idempotency_key: key })
    const { turn } = await whileItIsAway(send)
    const end = async (): Promise<string | null> =>
      (await this.#gateway.client.waitTurn(this.#session, turn.id, 5_000)).outcome?.state ?? null
    for (;;) {
      const state = await whileItIsAway(end)
      if (state === 'completed') return turn.id
      if (state !== null) throw new Error(`turn ${turn.id} is ${state}`)
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const after = this.events.at(-1)?.seq ?? 0
        for await (const event of this.#gateway.client.events(this.#session, { after, signal })) this.events.push(event)
      } catch {
        await sleep(RETRY_MS)
      }
    }
  }
}

const AWAY: ReadonlySet<unknown> = new Set(['GATEWAY_UNREACHABLE', 'GATEWAY_DRAINING', 'DEADLINE'])

async function whileItIsAway<T>(ask: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + BACK_MS_MAX
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!AWAY.has((error as { code?: string }).code) || performance.now() > untilMs) throw error
      await sleep(RETRY_MS)
    }
  }
}

function textOf(data: unknown): string {
  const update = data as { sessionUpdate?: string; content?: { text?: string } }
  return update.sessionUpdate === 'agent_message_chunk' ? (update.content?.text ?? '') : ''
}
