// One world: a gateway, its sessions and clients, killed again and again; then brought to rest, stopped and looked through.
// A broken rule ends it with BrokenRulesError and keeps its home for whoever looks into it.

import { setTimeout as sleep } from 'node:timers/promises'

import { ignore } from '../../../src/base/deadline.ts'
import { HoldfastClient } from '../../../src/client/client.ts'
import { createSocketTransport } from '../../../src/cli/socket-transport.ts'
import type { SocketTransport } from '../../../src/cli/socket-transport.ts'
import { readToken } from '../../../src/config/token.ts'
import { TestGateway } from '../../_support/test-gateway.ts'
import { seededRandom } from '../../model/random.ts'
import type { Random } from '../../model/random.ts'
import { Deaths } from './deaths.ts'
import { readFacts } from './facts.ts'
import { Follower, readPages } from './follower.ts'
import { History } from './history.ts'
import { findBreaks, RULES, RULES_AT_REST } from './rules.ts'
import type { Break } from './rules.ts'
import { settle } from './settle.ts'
import { TorturedClient } from './tortured-client.ts'

export interface RoundReport {
  /** 0 for the last look, at rest. */
  readonly round: number
  /** Gateways, and keepers, that were killed. */
  readonly kills: number
  readonly keepers: number
  readonly turns: number
  readonly events: number
  readonly shown: number
  readonly received: number
}

export interface WorldOptions {
  readonly seed: number
  readonly rounds: number
  onRound(report: RoundReport): void
}

export class BrokenRulesError extends Error {
  override readonly name = 'BrokenRulesError'

  constructor(breaks: readonly Break[], round: number, home: string) {
    const lines = breaks.flatMap(({ rule, details }) => [
      `broken ${round === 0 ? 'at rest' : `in round ${round}`}: ${rule} (${details.length})`,
      ...details.slice(0, DETAILS_SHOWN).map((detail) => `  ${detail.slice(0, DETAIL_CHARS)}`),
    ])
    super([...lines, `the world is kept in ${home}`].join('\n'))
  }
}

const DETAILS_SHOWN = 5
const DETAIL_CHARS = 1_000
/** The stubborn agents ignore the end of their stdin and SIGTERM: they outlive a keeper that is killed with its warden. */
const SESSIONS = [
  { agent: 'scripted', onInterrupt: 'hold' },
  { agent: 'stubborn', onInterrupt: 'continue' },
  { agent: 'scripted', onInterrupt: 'retry' },
  { agent: 'stubborn', onInterrupt: 'hold' },
] as const
const CLIENTS_MAX = 3
const LIFE_MS_MIN = 40
const LIFE_MS_MAX = 1_400
const START_MS_MAX = 700
const STOP_MS_MAX = 20_000

const CONFIG = { deadlines: { cancelGraceMs: 400, drainMs: 2_000 }, agents: { spawnsMax: 2 } }

/** Runs one world to its end. Rejects with BrokenRulesError, or when the gateway does not start or a bound is passed. */
export async function runWorld(options: WorldOptions): Promise<void> {
  const gateway = await TestGateway.start({ config: CONFIG })
  const world = new TortureWorld(gateway, options)
  try {
    await world.run()
  } catch (error) {
    if (error instanceof BrokenRulesError) throw error
    throw new Error(`${String(error)}\nthe world is kept in ${gateway.home}`, { cause: error })
  } finally {
    await world.end()
  }
  await gateway[Symbol.asyncDispose]()
}

class TortureWorld {
  readonly #gateway: TestGateway
  readonly #options: WorldOptions
  readonly #random: Random
  readonly #history = new History()
  readonly #clients: TorturedClient[] = []
  /** One follower of each session lives as long as the world, the other for one life of the gateway at a time. */
  readonly #patient: Follower[] = []
  readonly #hasty: Follower[] = []
  readonly #ended = new AbortController()
  readonly #transport: SocketTransport
  readonly #client: HoldfastClient
  readonly #deaths: Deaths
  #following: Promise<unknown> = Promise.resolve()

  constructor(gateway: TestGateway, options: WorldOptions) {
    this.#gateway = gateway
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#deaths = new Deaths(gateway, this.#random)
    this.#transport = createSocketTransport(`${gateway.home}/run/gateway.sock`)
    const token = (): string => readToken(`${gateway.home}/state/token`)
    this.#client = new HoldfastClient({ transport: this.#transport, token, timeoutMs: 15_000 })
  }

  async run(): Promise<void> {
    await this.#populate()
    for (let round = 1; round <= this.#options.rounds; round++) {
      if (this.#random.chance(0.2)) {
        await this.#handOver(round)
        continue
      }
      await this.#live(() => this.#deaths.strike())
      await this.#check(round)
      await this.#startAgain(round)
    }
    await settle(this.#client, this.#history.sessions)
    await this.#followersCatchUp()
    this.#ended.abort()
    await this.#following
    await this.#closeUnderFire()
    await this.#stop()
  }

  /** Ends what this world runs, whatever happened. */
  async end(): Promise<void> {
    this.#ended.abort()
    await this.#gateway.kill()
    this.#gateway.killKeepers()
    await this.#following
    this.#transport[Symbol.dispose]()
  }

  async #populate(): Promise<void> {
    const history = this.#history
    for (const { agent, onInterrupt } of SESSIONS) {
      const session = await this.#gateway.newSession(agent, { on_interrupt: onInterrupt })
      history.sessions.push({ id: session, onInterrupt })
      const count = 2 + this.#random.int(CLIENTS_MAX - 1)
      for (let i = 0; i < count; i++) {
        const name = `c${this.#clients.length}`
        this.#clients.push(new TorturedClient({ session, history, random: this.#fork(), name }))
      }
      this.#patient.push(new Follower({ session, history }))
      this.#hasty.push(new Follower({ session, history }))
    }
    this.#following = Promise.all(this.#patient.map((follower) => follower.run(this.#client, this.#ended.signal)))
  }

  /** Traffic for a while, then `kill` in the middle of it. */
  async #live(kill: () => Promise<void>): Promise<void> {
    const killed = new AbortController()
    const { signal } = killed
    for (const follower of this.#hasty) if (this.#random.chance(0.5)) follower.rewind(this.#random)
    const busy = Promise.all([
      ...this.#clients.map((client) => client.run(this.#client, signal)),
      ...this.#hasty.map((follower) => follower.run(this.#client, signal)),
      ...this.#history.sessions.map(({ id }) =>
        readPages(this.#client, { session: id, history: this.#history }, { random: this.#fork(), signal }),
      ),
    ])
    await sleep(LIFE_MS_MIN + this.#random.int(LIFE_MS_MAX - LIFE_MS_MIN))
    await kill()
    killed.abort()
    await busy
  }

  /** The next life waits for the lock already when this one dies: it starts into everything that is still dying. */
  async #handOver(round: number): Promise<void> {
    await this.#live(async () => {
      const first = this.#gateway.process
      const second = this.#gateway.launch()
      // Long enough for a life that does not wait to be seen, or a moment in which it has hardly begun to wait.
      await sleep(this.#random.chance(0.5) ? 3 * START_MS_MAX : this.#random.int(START_MS_MAX))
      const { pid } = await this.#client.status()
      if (pid !== first?.pid) this.#history.problem(`${pid} answers while ${first?.pid} holds the lock`)
      if (second.exitCode !== null) this.#history.problem(`the next life does not wait, it exits ${second.exitCode}`)
      await this.#deaths.strike(first)
    })
    if (this.#history.problems.length > 0) await this.#check(round)
    await this.#gateway.ready()
    await this.#expectOwned(round)
  }

  /** Sometimes it dies in its start, even twice; then it must start. */
  async #startAgain(round: number): Promise<void> {
    for (let tries = 0; tries < 2 && this.#random.chance(0.25); tries++) {
      this.#gateway.launch()
      await sleep(this.#random.int(START_MS_MAX))
      await this.#deaths.killGateway()
    }
    await this.#gateway.start()
    await this.#expectOwned(round)
  }

  /** What a dead keeper left is gone; what a living one holds is the agent of a session, or is soon. */
  async #expectOwned(round: number): Promise<void> {
    const doomed = this.#deaths.doomedAlive()
    if (doomed.length > 0) this.#fail(round, [{ rule: 'a start ends what a dead keeper left (B 28)', details: doomed }])
    const endAt = performance.now() + STOP_MS_MAX
    for (let strays = await this.#strays(); strays.length > 0; strays = await this.#strays()) {
      if (performance.now() > endAt) this.#fail(round, [{ rule: 'every agent has a session', details: strays }])
      await sleep(50)
    }
  }

  /** Agents that live and are no session's. One that is being started or stopped is neither, for a while. */
  async #strays(): Promise<string[]> {
    const alive = this.#deaths.agents()
    const views = await Promise.all(this.#history.sessions.map(({ id }) => this.#client.getSession(id)))
    const owned = new Set(views.map((view) => view.agent_pid))
    return alive.filter(({ pid }) => !owned.has(pid)).map(({ pid, command }) => `${pid} ${command}`)
  }

  async #check(round: number, rules = RULES): Promise<void> {
    const facts = await readFacts(this.#gateway.home, this.#gateway.journal)
    this.#history.looked({ facts, keepersDead: this.#deaths.keepers })
    const breaks = findBreaks(rules, { history: this.#history, facts })
    if (breaks.length > 0) this.#fail(round, breaks)
    this.#options.onRound({
      round,
      kills: this.#deaths.gateways,
      keepers: this.#deaths.keepers,
      turns: facts.sessions.reduce((sum, { turns }) => sum + turns.length, 0),
      events: facts.sessions.reduce((sum, { events }) => sum + events.length, 0),
      shown: this.#history.seenCount,
      received: facts.journal.filter(({ kind }) => kind === 'recv').length,
    })
  }

  async #followersCatchUp(): Promise<void> {
    const endAt = performance.now() + STOP_MS_MAX
    for (const [i, { id }] of this.#history.sessions.entries()) {
      while (this.#patient[i]!.cursor < (await this.#client.getSession(id)).last_seq) {
        if (performance.now() > endAt) this.#history.problem(`${id}: a follower stays at ${this.#patient[i]!.cursor}`)
        if (performance.now() > endAt) break
        await sleep(50)
      }
    }
  }

  /** Every session is closed in the middle of its work, and the gateway dies at that; a close that was begun goes on. */
  async #closeUnderFire(): Promise<void> {
    const ids = this.#history.sessions.map(({ id }) => id)
    for (const id of ids) for (const prompt of ['@hang', 'behind it']) await this.#client.prompt(id, { prompt })
    await sleep(this.#random.int(START_MS_MAX))
    const closing = ids.map((id) => this.#client.closeSession(id).catch(ignore('the gateway dies')))
    await sleep(this.#random.int(2 * START_MS_MAX))
    await this.#deaths.killGateway()
    await Promise.all(closing)
    await this.#check(0)
    await this.#startAgain(0)
    const closed = await Promise.all(ids.map((id) => this.#client.closeSession(id)))
    const open = closed.filter(({ session }) => session.state !== 'closed').map(({ session }) => session.id)
    const breaks = [
      { rule: 'a close ends in closed (S10)', details: open },
      { rule: 'a close leaves no process', details: this.#deaths.agents().map(({ pid }) => String(pid)) },
    ].filter(({ details }) => details.length > 0)
    if (breaks.length > 0) this.#fail(0, breaks)
  }

  /** A clean end, the last look at everything, and nothing that lives. */
  async #stop(): Promise<void> {
    const code = await this.#gateway.kill('SIGTERM')
    const left = this.#gateway.leaks().map(({ pid, command }) => `${pid} ${command}`)
    const doctor = await this.#gateway.run('doctor', '--verify')
    const breaks: Break[] = [
      { rule: 'a gateway at rest stops with 0', details: code === 0 ? [] : [`exit ${code}`] },
      { rule: 'a stop leaves no process', details: left },
      { rule: 'doctor --verify finds nothing', details: doctor.code === 0 ? [] : [doctor.stdout + doctor.stderr] },
    ].filter(({ details }) => details.length > 0)
    if (breaks.length > 0) this.#fail(0, breaks)
    await this.#check(0, { ...RULES, ...RULES_AT_REST })
  }

  #fail(round: number, breaks: readonly Break[]): never {
    throw new BrokenRulesError(breaks, round, this.#gateway.home)
  }

  #fork(): Random {
    return seededRandom(this.#random.int(2 ** 31))
  }
}
