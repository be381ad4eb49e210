// How a life parts from its agents: it drains, or leaves them to the next life. Whatever ends a life but a drain leaves them.

import { systemClock } from '../base/clock.ts'
import { deadline, ignore } from '../base/deadline.ts'
import type { Api } from '../api/create-api.ts'
import type { LiveConfig } from '../config/live-config.ts'
import type { AgentHost } from '../keeper/agent-host.ts'
import type { Sessions } from '../session/open-sessions.ts'
import type { Store } from '../store/store.ts'
import { drain, DRAIN_RESERVE_MS, GRACE_MS_MAX } from './drain.ts'
import type { GatewayOptions } from './run-gateway.ts'

/** What a life parts from, and what it needs for that. */
export interface PartingParts {
  readonly sessions: Sessions
  readonly host: AgentHost
  readonly store: Store
  readonly live: LiveConfig
  readonly options: GatewayOptions
}

/** Storing what is in the mailboxes. What takes longer is not lost: its lines are not acknowledged. */
const LEAVE_MS_MAX = 5_000

/** Modes: together; then drained or left. Disposing it leaves the agents of a life that failed: they are not to blame. */
export class Parting implements AsyncDisposable {
  readonly #parts: PartingParts
  #mode: 'together' | 'drained' | 'left' = 'together'

  constructor(parts: PartingParts) {
    this.#parts = parts
  }

  /** True when agents may live on that the next life is to take over. */
  get hasLeftAgents(): boolean {
    return this.#mode === 'left'
  }

  /** Whether agents and turns go on without this life, as the requests say now. */
  get willLeaveAgents(): boolean {
    const { options, live, host } = this.#parts
    const { requests } = options
    const isHandover = requests.wish?.kind === 'stop' || live.current.restart.mode === 'handover'
    return requests.keepsAgents && isHandover && host.canHandOver
  }

  /** As the requests say now; `api` tells its readers. Resolves when nothing of a session runs in this process any more. */
  async part(api: Pick<Api, 'leave'>): Promise<void> {
    if (!this.willLeaveAgents) return this.#drain(api)
    const budgetMs = this.#parts.host.connections > 0 ? this.#budgetMs : 0
    // Who leaves its agents is followed by a gateway that takes them over, whoever starts it.
    api.leave({ reason: 'restart', until: systemClock.now() + budgetMs })
    await this.#endConnections(budgetMs)
    await this.#leave()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#mode === 'together' && this.#parts.host.describe().live > 0) await this.#leave()
  }

  get #budgetMs(): number {
    return this.#parts.options.requests.budgetMs ?? this.#parts.live.current.deadlines.drainMs
  }

  /** Nobody can take over a connection to another machine: turns there have the budget, whatever becomes of the others. */
  async #endConnections(budgetMs: number): Promise<void> {
    const { options, sessions, host } = this.#parts
    if (host.connections === 0) return
    const { requests, announce } = options
    announce(`waiting for running turns at remote agents, ${budgetMs / 1000} s at most; ask again to cut them`)
    const budgetAt = systemClock.now() + budgetMs
    const ended = sessions.drainConnections({ budgetAt, graceAtMax: budgetAt + GRACE_MS_MAX })
    const cut = requests.wish?.kind === 'restart' ? AbortSignal.any([requests.force, requests.stopped]) : requests.force
    await deadline(ended, { ms: budgetMs + DRAIN_RESERVE_MS, stage: 'turns at remote agents', signal: cut }).catch(
      ignore('what is still out is found interrupted by the next life'),
    )
  }

  /** Leaves agents and turns to the next life of the gateway. */
  async #leave(): Promise<void> {
    const { options, sessions, host } = this.#parts
    if (!host.canHandOver) return
    const { announce, log } = options
    announce('leaving: the agents go on without this gateway; the next one takes them over')
    await deadline(sessions.handOver(), { ms: LEAVE_MS_MAX, stage: 'handover' }).catch(
      ignore('what is not stored is read again'),
    )
    host.handOver()
    this.#mode = 'left'
    log.logger('daemon').info({ live: host.describe().live }, 'agents left to the next gateway')
  }

  /** Running turns have the budget; a second stop takes it away, and the next life finds them interrupted. Queued prompts stay. */
  async #drain(api: Pick<Api, 'leave'>): Promise<void> {
    const { requests, announce } = this.#parts.options
    const { force, stopped } = requests
    const budgetMs = this.#budgetMs
    const until = systemClock.now() + budgetMs
    const reason = requests.wish?.kind ?? 'stop'
    announce(`stopping: running turns have ${budgetMs / 1000} s; ask again to cut them`)
    api.leave({ reason, until })
    await this.#drainFor(budgetMs, reason === 'restart' ? AbortSignal.any([force, stopped]) : force)
    if (reason === 'restart' && stopped.aborted && !force.aborted) await this.#drainToStop(api, until)
    this.#mode = 'drained'
  }

  /** T19: a stop during the drain of a restart makes a stop of it; its own budget counts when that is less. */
  async #drainToStop(api: Pick<Api, 'leave'>, restartUntil: number): Promise<void> {
    const { requests } = this.#parts.options
    const leftMs = Math.max(0, restartUntil - systemClock.now())
    const budgetMs = Math.min(leftMs, requests.budgetMs ?? leftMs)
    api.leave({ reason: 'stop', until: systemClock.now() + budgetMs })
    await this.#drainFor(budgetMs, requests.force)
  }

  async #drainFor(budgetMs: number, cut: AbortSignal): Promise<void> {
    const { options, sessions, store } = this.#parts
    const { announce, log } = options
    const logger = log.logger('daemon')
    const report = await drain({ sessions, store, clock: systemClock, logger, budgetMs, cut, announce })
    if (report.cut === 0) return
    const turns = report.cut === 1 ? '1 running turn was' : `${report.cut} running turns were`
    announce(`${turns} cut: interrupted; their sessions say so at the next start`)
  }
}
