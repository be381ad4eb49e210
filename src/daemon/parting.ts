// How a life parts from its agents: it drains, or leaves them to the next life. Whatever ends a life but a drain leaves them.

import { systemClock } from '../base/clock.ts'
import { deadline, firstOf, ignore, whenAborted } from '../base/deadline.ts'
import type { AgentHost } from '../keeper/agent-host.ts'
import type { Sessions } from '../session/open-sessions.ts'
import type { GatewayOptions } from './run-gateway.ts'

/** Storing what is in the mailboxes. What takes longer is not lost: its lines are not acknowledged. */
const LEAVE_MS_MAX = 5_000

/** Modes: together; then drained or left. Disposing it leaves the agents of a life that failed: they are not to blame. */
export class Parting implements AsyncDisposable {
  readonly #sessions: Sessions
  readonly #host: AgentHost
  readonly #options: GatewayOptions
  #mode: 'together' | 'drained' | 'left' = 'together'

  constructor(sessions: Sessions, host: AgentHost, options: GatewayOptions) {
    this.#sessions = sessions
    this.#host = host
    this.#options = options
  }

  /** True when agents may live on that the next life is to take over. */
  get hasLeftAgents(): boolean {
    return this.#mode === 'left'
  }

  /** As the requests say now. Resolves when nothing of a session runs in this process any more. */
  async part(): Promise<void> {
    const { config, requests } = this.#options
    const isHandover = requests.wish?.kind === 'stop' || config.restart.mode === 'handover'
    if (requests.keepsAgents && isHandover && this.#host.canHandOver) await this.#leave()
    else await this.#drain()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#mode === 'together' && this.#host.describe().live > 0) await this.#leave()
  }

  /** Leaves agents and turns to the next life of the gateway. */
  async #leave(): Promise<void> {
    if (!this.#host.canHandOver) return
    const { announce, log } = this.#options
    announce('leaving: the agents go on without this gateway; the next one takes them over')
    await deadline(this.#sessions.handOver(), { ms: LEAVE_MS_MAX, stage: 'handover' }).catch(
      ignore('what is not stored is read again'),
    )
    this.#host.handOver()
    this.#mode = 'left'
    log.logger('daemon').info({ live: this.#host.describe().live }, 'agents left to the next gateway')
  }

  /** Running turns have the budget; a second stop takes it away, and the next life finds them interrupted. Queued prompts stay. */
  async #drain(): Promise<void> {
    const { config, requests, announce, log } = this.#options
    const budgetMs = requests.budgetMs ?? config.deadlines.drainMs
    announce(`stopping: running turns have ${budgetMs / 1000} s; ask again to cut them`)
    await firstOf([this.#sessions.drain(systemClock.now() + budgetMs), whenAborted(requests.force)])
    this.#mode = 'drained'
    log.logger('daemon').info({ forced: requests.force.aborted }, 'drained')
  }
}
