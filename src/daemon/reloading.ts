// Reload of a life's configuration: read, compare, put in force, say what became of it. A configuration that is not valid changes
// nothing. Owns no configuration; the parts read the live one.

import { HoldfastError } from '../base/errors.ts'
import type { LiveConfig } from '../config/live-config.ts'
import { reloadConfig } from '../config/reload.ts'
import type { EntryChange, ConfigChange } from '../config/reload.ts'
import type { Sessions } from '../session/open-sessions.ts'
import type { Store } from '../store/store.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { GatewayOptions } from './run-gateway.ts'

export interface ReloadReport extends Omit<ConfigChange, 'agents'> {
  readonly agents: readonly (EntryChange & { readonly sessions: number })[]
}

interface Parts {
  readonly options: Pick<GatewayOptions, 'readConfig' | 'onReloaded' | 'log'>
  readonly live: LiveConfig
  readonly lifecycle: Lifecycle
  readonly sessions: Pick<Sessions, 'redefine'>
  readonly store: Pick<Store, 'listSessions'>
}

/** Sessions of an agent that are counted. */
const SESSIONS_MAX = 1_000

/** Modes, those of the life: starting (a reload waits for ready), ready, ending (it is refused). */
export class Reloading {
  readonly #parts: Parts
  #isDue = false
  /** Looks at the token file; set by who watches it. */
  checkToken: () => void = () => {}

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** For a signal: nobody waits for an answer, and the log says what became of it. */
  request(): void {
    const { lifecycle } = this.#parts
    if (lifecycle.state === 'starting') this.#isDue = true
    else void this.reload().catch(refused)
  }

  /** The life is ready: what was asked for during its start is done now. */
  ready(): void {
    if (this.#isDue) this.request()
    this.#isDue = false
  }

  /** CONFIG_INVALID: the configuration that was in force stays whole. GATEWAY_DRAINING once the life ends. */
  async reload(): Promise<ReloadReport> {
    const { options, lifecycle } = this.#parts
    const logger = options.log.logger('daemon')
    try {
      if (lifecycle.state === 'draining' || lifecycle.state === 'stopped') throw new HoldfastError('GATEWAY_DRAINING')
      const { agents, ...change } = this.#putInForce()
      const report = { ...change, agents: await this.#counted(agents) }
      const names = { applied: change.applied.map(nameOf), pending: change.pending.map(nameOf) }
      logger.info({ ...names, agents: report.agents, mcpServers: report.mcpServers }, 'configuration reloaded')
      return report
    } catch (err) {
      const details = err instanceof HoldfastError ? { code: err.code, place: err.details['file'] } : {}
      logger.error({ ...details, err }, 'reload refused; the configuration stays as it was')
      throw err
    }
  }

  /** All of it in one go: nobody runs in between. */
  #putInForce(): ConfigChange {
    const { options, live, sessions } = this.#parts
    const { config, change } = reloadConfig(live.current, options.readConfig())
    live.use(config)
    options.log.setLevel(config.log.level)
    options.onReloaded(config)
    this.checkToken()
    sessions.redefine()
    return change
  }

  #counted(agents: readonly EntryChange[]): Promise<ReloadReport['agents'][number][]> {
    const count = async (agent: string): Promise<number> =>
      (await this.#parts.store.listSessions({ agent, state: 'open' }, { limit: SESSIONS_MAX })).length
    return Promise.all(agents.map(async (agent) => ({ ...agent, sessions: await count(agent.name) })))
  }
}

function nameOf({ name }: { readonly name: string }): string {
  return name
}

/** It is in the log. */
function refused(): void {}
