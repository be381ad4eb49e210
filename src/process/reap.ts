// The reaper: at a start, before anything is spawned, ends what earlier lives of this gateway left, and settles their leases.
// Owns nothing. Must run under the instance lock: every lease of another epoch is then known to have no owner.

import type { ProcessLeases } from '../lease/process-leases.ts'
import type { LeaseRecord } from '../store/records.ts'
import { isAlive, readBootId, type Birth } from './birth.ts'
import { ProcessScanner } from './process-scanner.ts'
import { sweep } from './sweep.ts'
import type { Ownership } from './tag-value.ts'

export interface ReapReport {
  /** Leases of earlier lives that were open. */
  readonly leases: number
  /** Processes that were found alive and ended. */
  readonly ended: number
  /** Pids that could not be ended; their leases are `stuck`. */
  readonly survivors: readonly number[]
}

/**
 * Sweeps, in parallel and each within `msMax`, every tree of this instance that another epoch started: by the open leases,
 * and by tag or marker where the rows know nothing. Leases of another boot are lost by definition. Rejects only when the
 * store does. One gateway per database: trees of a second node on the same machine would be taken for orphans.
 */
export async function reapOrphans(leases: ProcessLeases, { msMax }: { readonly msMax: number }): Promise<ReapReport> {
  const scanner = new ProcessScanner()
  const bootId = readBootId()
  const open = (await leases.listOpen()).filter(({ nodeEpoch }) => nodeEpoch !== leases.epoch)
  const owners = new Map<string, Orphan>()
  for (const owner of await findOwners(leases, scanner)) owners.set(keyOf(owner), { owner, lease: undefined })
  for (const lease of open) {
    const owner = ownerOf(leases, lease)
    if (lease.bootId === bootId) owners.set(keyOf(owner), { owner, lease })
    else await leases.lost(lease.id)
  }
  const reports = await Promise.all(
    [...owners.values()].map(async ({ owner, lease }) => {
      const root = lease && birthOf(lease)
      const wasAlive = root !== undefined && isAlive(root)
      const report = await sweep({ owner, root }, scanner, { msMax })
      if (lease) await (report.survivors.length === 0 ? leases.lost(lease.id) : leases.stuck(lease.id))
      return { ...report, ended: report.swept + (wasAlive ? 1 : 0) }
    }),
  )
  return {
    leases: open.length,
    ended: reports.reduce((sum, { ended }) => sum + ended, 0),
    survivors: reports.flatMap(({ survivors }) => survivors),
  }
}

interface Orphan {
  readonly owner: Ownership
  readonly lease: LeaseRecord | undefined
}

/** Owners of an earlier epoch that live processes name. */
async function findOwners(leases: ProcessLeases, scanner: ProcessScanner): Promise<Ownership[]> {
  const rows = await scanner.scan().catch(() => [])
  const epoch = leases.epoch % EPOCHS
  return rows
    .filter(({ pid }) => pid !== process.pid)
    .flatMap(({ tag, markers }) => (tag ? [tag, ...markers] : markers))
    .filter((owner) => owner.instance === leases.instance && owner.epoch !== epoch)
}

const EPOCHS = 2 ** 24

function birthOf({ pid, startTicks }: LeaseRecord): Birth | undefined {
  return pid === undefined || startTicks === undefined ? undefined : { pid, startTicks }
}

function ownerOf({ instance }: ProcessLeases, { id, nodeEpoch }: LeaseRecord): Ownership {
  return { instance, lease: id, epoch: nodeEpoch % EPOCHS }
}

function keyOf({ lease, epoch }: Ownership): string {
  return `${lease}.${epoch}`
}
