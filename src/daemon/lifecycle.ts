// The state of the gateway as clients see it: starting -> ready -> draining -> stopped, never back.

export type GatewayState = 'starting' | 'ready' | 'draining' | 'stopped'

const ORDER: readonly GatewayState[] = ['starting', 'ready', 'draining', 'stopped']

export class Lifecycle {
  /** Epoch ms. */
  readonly startedAt: number
  #state: GatewayState = 'starting'

  constructor(startedAt: number) {
    this.startedAt = startedAt
  }

  get state(): GatewayState {
    return this.#state
  }

  /** A step back is ignored: a stop that was asked for during the start wins. */
  enter(state: GatewayState): void {
    if (ORDER.indexOf(state) > ORDER.indexOf(this.#state)) this.#state = state
  }
}
