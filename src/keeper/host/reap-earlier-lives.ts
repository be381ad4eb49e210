// Before a gateway is ready: ends every process tree that an earlier life of it left behind, and settles their leases.
// Evidence is the tag or marker of this instance with another epoch, one lease at a time; what cannot be ended stays `stuck`.

import type { Clock } from '../../base/clock.ts'
import { ProcessLeases } from '../../lease/process-leases.ts'
import type { LeaseStore } from '../../lease/process-leases.ts'
import type { Logger } from '../../observe/logger.ts'
import { readBootId } from '../../base/birth.ts'
import { Containment } from '../../process/containment.ts'
import { killTagged, listTagged, toTrees } from '../../process/kill-tagged.ts'
import { ProcessScanner } from '../../process/process-scanner.ts'
import type { NodeRecord } from '../../store/store.ts'

export interface ReapPorts {
  /** Leases of processes that a living keeper holds: these are left alone. */
  readonly held: ReadonlySet<number>
  readonly store: LeaseStore
  readonly node: NodeRecord
  readonly clock: Clock
  readonly logger: Logger | undefined
}

export interface Reaped {
  /** Processes ended. */
  readonly ended: number
  readonly survivors: readonly number[]
}

const SWEEP_MS_MAX = 5_000

/** Resolves when no process of an earlier life is left, or is known as one that cannot be ended. */
export async function reapEarlierLives(ports: ReapPorts): Promise<Reaped> {
  const { logger, held } = ports
  const leases = new ProcessLeases(ports)
  const { instance } = leases
  const emptied = await new Containment().reapLeftovers(instance, ({ lease }) => held.has(lease))
  if (emptied > 0) logger?.info({ emptied }, 'control groups of an earlier life ended')
  const found = await listTagged(instance)
  const dead = toTrees(found.filter(({ lease }) => !held.has(lease)))
  const scanner = new ProcessScanner() // one for all: sweeps at the same time share their scans
  const reports = await Promise.all(
    dead.map(async (tree) => ({
      lease: tree.owner.lease,
      ...(await killTagged(tree, SWEEP_MS_MAX, scanner)),
    })),
  )
  const stuck = new Map(
    reports.filter(({ survivors }) => survivors.length > 0).map(({ lease, survivors }) => [lease, survivors]),
  )
  for (const lease of await leases.listOpen()) {
    if (held.has(lease.id)) continue
    // A lease of another boot is dead by definition; of this boot its tree was just looked for.
    if (lease.bootId === readBootId() && stuck.has(lease.id)) await leases.stuck(lease.id)
    else await leases.lost(lease.id)
  }
  const ended = reports.reduce((sum, { swept }) => sum + swept, 0)
  const survivors = [...stuck.values()].flat()
  if (ended > 0) logger?.info({ ended }, 'processes of an earlier life ended')
  if (survivors.length > 0) logger?.error({ survivors }, 'processes of an earlier life cannot be ended')
  return { ended, survivors }
}
