// `hosting: inline`: agents are children of the gateway itself and end with it. For embedding and tests.
// The same as with a keeper, without the socket: the holder is in this process.

import type { Clock } from '../base/clock.ts'
import { ProcessLeases, tagEpochOf, type LeaseStore } from '../lease/process-leases.ts'
import type { Logger } from '../observe/logger.ts'
import { readBootId } from '../base/birth.ts'
import { STOP_TIMES, type StopTimes } from '../process/stop-ladder.ts'
import type { Tagging } from '../process/tag.ts'
import type { NodeRecord } from '../store/store.ts'
import type { ProcessHost } from './agent-host.ts'
import { LeasedHost, type HolderSupply } from './host/leased-host.ts'
import { openLocalHolder, type LocalHolder } from './local-holder.ts'

export interface InlineHostDeps {
  readonly store: LeaseStore
  readonly node: NodeRecord
  readonly clock: Clock
  readonly logger?: Logger
  readonly stopTimes?: StopTimes
  /** How long until a stuck lease is swept again. */
  readonly stuckRetryMs?: number
  /** How often processes of closed leases are looked for. */
  readonly auditMs?: number
  /** True: a warden ends everything when this process dies. Tests of single parts go without. */
  readonly hasWarden?: boolean
  /** Set by tests; else probed. */
  readonly tagging?: Tagging
}

/** Opens the host; probes once how process trees can be tagged here. */
export async function openInlineHost(deps: InlineHostDeps): Promise<ProcessHost> {
  const { store, node, clock, logger, hasWarden = false, tagging, stopTimes = STOP_TIMES } = deps
  const { no: keeperNo } = await store.insertKeeper({
    hosting: 'inline',
    nodeEpoch: node.epoch,
    version: '',
    bootId: readBootId(),
    secret: '',
    startedAt: clock.now(),
  })
  const leases = new ProcessLeases(deps)
  const holder = await openLocalHolder({
    keeperNo,
    instance: leases.instance,
    epoch: tagEpochOf(keeperNo),
    clock,
    logger,
    hasWarden,
    tagging,
    stopTimes,
  })
  const supply = new InlineSupply(holder, () => store.updateKeeper(keeperNo, { endedAt: clock.now() }))
  const { stuckRetryMs, auditMs } = deps
  return new LeasedHost({ supply, leases, clock, logger, stopTimes, stuckRetryMs, auditMs })
}

class InlineSupply implements HolderSupply {
  readonly hosting = 'inline'
  /** Never: nobody else reaches what is in this process. */
  readonly superseded = new AbortController().signal
  readonly #holder: LocalHolder
  readonly #ended: () => Promise<void>

  constructor(holder: LocalHolder, ended: () => Promise<void>) {
    this.#holder = holder
    this.#ended = ended
  }

  current(): Promise<LocalHolder> {
    return Promise.resolve(this.#holder)
  }

  all(): readonly LocalHolder[] {
    return [this.#holder]
  }

  isRetiring(): boolean {
    return false
  }

  describe(): [] {
    return []
  }

  released(): void {}

  /** Agents inside the gateway cannot outlive it. */
  handOver(): void {}

  killNow(): void {
    this.#holder.killNow()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holder[Symbol.asyncDispose]()
    await this.#ended().catch(() => undefined)
  }
}
