// Logins of agents, over all sessions: who waits for which, and what a login that somebody has made elsewhere does to them.
// Runs no login: that is done by a person at this machine (ADR 40).

import type { AgentDefinition } from '../../agent/definition.ts'
import type { SparePool } from '../../agent/spares.ts'
import { HoldfastError, isHoldfastError } from '../../base/errors.ts'
import type { SessionId } from '../../base/ids.ts'
import type { Logger } from '../../observe/logger.ts'
import type { SessionNo } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'
import type { Actors } from '../actors.ts'

/** Sessions that wait for a login to one agent. */
export interface NeededLogin {
  readonly agent: string
  readonly sessions: number
  /** It runs on another machine, and is logged in there. */
  readonly isElsewhere: boolean
}

/** What a changed login came to. */
export interface LoginChange {
  /** As its definition says. */
  readonly agent: string
  /** Processes that take no further prompt: they had read the old login. */
  readonly retired: number
  /** Those that had waited for it and go on. */
  readonly resumed: readonly SessionId[]
}

export interface LoginControl {
  /** By the name of the agent. */
  needed(): Promise<NeededLogin[]>
  /**
   * Somebody has logged in to the agent, or out of it, on this machine. Resolves when no process with the old login can take another
   * prompt. AGENT_UNKNOWN, GATEWAY_DRAINING.
   */
  changed(agent: string, isLoggedIn: boolean): Promise<LoginChange>
}

interface Ports {
  readonly store: Pick<Store, 'listLoginWaits'>
  readonly spares: SparePool | undefined
  readonly logger: Logger
  findDefinition(name: string): AgentDefinition | undefined
}

export class SessionLogins implements LoginControl {
  readonly #ports: Ports
  readonly #actors: Actors

  constructor(ports: Ports, actors: Actors) {
    this.#ports = ports
    this.#actors = actors
  }

  async needed(): Promise<NeededLogin[]> {
    const waits = Map.groupBy(await this.#ports.store.listLoginWaits(), ({ agent }) => agent)
    const isElsewhere = (agent: string): boolean => this.#ports.findDefinition(agent)?.remote !== undefined
    const needed = [...waits].map(([agent, { length }]) => ({
      agent,
      sessions: length,
      isElsewhere: isElsewhere(agent),
    }))
    return needed.toSorted(byAgent)
  }

  async changed(name: string, isLoggedIn: boolean): Promise<LoginChange> {
    if (this.#actors.isDraining) throw new HoldfastError('GATEWAY_DRAINING')
    const definition = this.#ports.findDefinition(name)
    if (definition === undefined) throw new HoldfastError('AGENT_UNKNOWN', { agent: name })
    const { name: agent } = definition
    // First those that nobody has yet: no session may take one of them now.
    let retired = this.#ports.spares?.retire(agent) ?? 0
    const waits = isLoggedIn ? await this.#ports.store.listLoginWaits() : []
    const waiting = waits.filter((wait) => wait.agent === agent)
    const numbers = new Set([...this.#actors.numbersOf(agent), ...waiting.map(({ no }) => no)])
    const resumed: SessionId[] = []
    for (const no of numbers) {
      const told = await this.#tell(no, isLoggedIn)
      if (told?.isRetired === true) retired += 1
      const wait = waiting.find((each) => each.no === no)
      if (told?.isResumed === true && wait !== undefined) resumed.push(wait.id)
    }
    return { agent, retired, resumed }
  }

  /** One session that ends meanwhile, or cannot be opened, keeps no other one from the news. */
  async #tell(no: SessionNo, isLoggedIn: boolean): Promise<{ isRetired: boolean; isResumed: boolean } | undefined> {
    try {
      const reply = await this.#actors.ask(no, (to) => ({ kind: 'login', reply: to, isLoggedIn }))
      return reply.kind === 'login' ? reply : undefined
    } catch (err) {
      const isGone = isHoldfastError(err) && err.code === 'SESSION_CLOSED'
      if (!isGone) this.#ports.logger.warn({ sessionNo: no, err }, 'session was not told of a login')
      return undefined
    }
  }
}

function byAgent(a: NeededLogin, b: NeededLogin): number {
  return a.agent < b.agent ? -1 : 1
}
