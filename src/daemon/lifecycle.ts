// The state of the gateway as clients see it: starting -> ready -> draining -> stopped, never back.

import type { Logger } from '../observe/logger.ts'

export type GatewayState = 'starting' | 'ready' | 'draining' | 'stopped'

/** Streams have 5 s to hand out what they have; the rest is quick. */
const CLOSE_MS_MAX = 7_000

const ORDER: readonly GatewayState[] = ['starting', 'ready', 'draining', 'stopped']

export class Lifecycle {
  /** Epoch ms. */
  readonly startedAt: number
  #state: GatewayState = 'starting'
  /** Epoch ms; undefined until then. */
  #stoppedAt: number | undefined

  constructor(startedAt: number) {
    this.startedAt = startedAt
  }

  get state(): GatewayState {
    return this.#state
  }

  /** The last phase of a drain: streams, agents' host, store and lock are closed. */
  closed(logger: Logger): void {
    if (this.#stoppedAt === undefined) return
    const fields = { phase: 'close', ms: Date.now() - this.#stoppedAt, msMax: CLOSE_MS_MAX }
    if (fields.ms <= CLOSE_MS_MAX) logger.info(fields, 'drain phase done')
    else logger.warn(fields, 'drain phase over its time')
  }

  /** A step back is ignored: a stop that was asked for during the start wins. */
  enter(state: GatewayState): void {
    if (ORDER.indexOf(state) > ORDER.indexOf(this.#state)) this.#state = state
    if (state === 'stopped') this.#stoppedAt ??= Date.now()
  }
}
