// `hosting: keeper`: agents live in a keeper process and outlive the gateway. Attach, reap what nobody holds, then the host.

import { ProcessLeases } from '../lease/process-leases.ts'
import type { ProcessHost } from './agent-host.ts'
import { openKeeperPool, type KeeperPoolOptions } from './host/keeper-pool.ts'
import { LeasedHost } from './host/leased-host.ts'
import { ignore } from '../base/deadline.ts'
import { reapEarlierLives, type Reaped } from './host/reap-earlier-lives.ts'

export interface KeeperHostOptions extends KeeperPoolOptions {
  readonly auditMs?: number
  readonly stuckRetryMs?: number
}

export interface OpenedHost {
  readonly host: ProcessHost
  readonly reaped: Reaped
}

/**
 * Resolves when every keeper that lives was connected to and no process is left that none of them holds. A keeper for new
 * agents is started in the background if there is none.
 */
export async function openKeeperHost(options: KeeperHostOptions): Promise<OpenedHost> {
  const { store, node, clock, logger, stopTimes, auditMs, stuckRetryMs } = options
  const supply = await openKeeperPool(options)
  const held = new Set(supply.all().flatMap((link) => link.held().map(({ leaseId }) => leaseId)))
  const reaped = await reapEarlierLives({ held, store, node, clock, logger })
  const leases = new ProcessLeases({ store, node, clock })
  const host = new LeasedHost({ supply, leases, clock, logger, stopTimes, auditMs, stuckRetryMs })
  supply.current().catch(ignore('who needs an agent is told, and tries again'))
  return { host, reaped }
}
