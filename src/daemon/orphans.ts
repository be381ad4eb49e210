// Agent processes that live although nobody holds them: finds them for `holdfast doctor`, and ends them when a person says so.

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { isHoldfastError } from '../base/errors.ts'
import { pathsOf } from '../config/paths.ts'
import { systemEnvironment } from '../config/environment.ts'
import { tagEpochOf } from '../lease/process-leases.ts'
import { isAlive, readBootId } from '../base/birth.ts'
import { killTagged, listTagged, toTrees, type TaggedProcess } from '../process/kill-tagged.ts'
import { listOwnerless } from '../process/ownerless.ts'
import { ProcessScanner } from '../process/process-scanner.ts'
import type { KeeperRecord } from '../store/records.ts'
import { STORE_FILE } from '../store/state-dir.ts'
import type { Store } from '../store/store.ts'
import { withStoppedGateway, withStoppedStore } from './stopped-store.ts'

export interface Orphan {
  readonly pid: number
  readonly agent: string
  readonly session: string
  readonly reason: string
}

export interface EndedOrphans {
  /** Processes that are gone. */
  readonly ended: number
  /** Pids that could not be ended. */
  readonly survivors: readonly number[]
}

const SWEEP_MS_MAX = 5_000

/**
 * Processes of this gateway that live although neither it nor a keeper of it does. Where there is no database any more: those of any
 * gateway that nobody looks after. Empty while the gateway runs.
 */
export async function findOrphans(): Promise<Orphan[]> {
  try {
    return await withOrphans(async (orphans, reason) => orphans.map((each) => describe(each, reason)))
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'INSTANCE_LOCKED') return []
    throw error
  }
}

/** Ends the trees of those of `shown` that still are orphans. INSTANCE_LOCKED while the gateway runs. */
export function endOrphans(shown: readonly Pick<Orphan, 'pid'>[]): Promise<EndedOrphans> {
  const pids = new Set(shown.map(({ pid }) => pid))
  return withOrphans(async (orphans) => {
    const trees = toTrees(orphans.filter(({ pid }) => pids.has(pid)))
    const scanner = new ProcessScanner() // one for all: sweeps at the same time share their scans
    const reports = await Promise.all(trees.map((tree) => killTagged(tree, SWEEP_MS_MAX, scanner)))
    return {
      ended: reports.reduce((sum, { swept }) => sum + swept, 0),
      survivors: reports.flatMap(({ survivors }) => survivors),
    }
  })
}

type Work<T> = (orphans: readonly TaggedProcess[], reason: string) => Promise<T>

/** The gateway cannot start meanwhile. */
function withOrphans<T>(work: Work<T>): Promise<T> {
  const { stateDir } = pathsOf(systemEnvironment())
  const withoutDatabase = async (): Promise<T> =>
    work(await listOwnerless(), 'no database here says whose it is, and nobody looks after it')
  if (existsSync(join(stateDir, STORE_FILE)))
    return withStoppedStore('', async (store) =>
      work(await listOwn(store), 'its gateway does not run; ended at the next start'),
    )
  return existsSync(stateDir) ? withStoppedGateway('', withoutDatabase) : withoutDatabase()
}

async function listOwn(store: Store): Promise<TaggedProcess[]> {
  const own = await listTagged(store.instanceNumber())
  const kept = new Set((await store.listKeepers()).filter(isKeeperAlive).map(({ no }) => tagEpochOf(no)))
  return own.filter(({ epoch }) => !kept.has(epoch))
}

/** What a keeper holds for the next gateway has an owner, and a bound: the adoption grace. */
function isKeeperAlive({ hosting, bootId, pid, startTicks }: KeeperRecord): boolean {
  if (hosting !== 'keeper' || bootId !== readBootId() || pid === undefined || startTicks === undefined) return false
  return isAlive({ pid, startTicks })
}

function describe({ pid, instance, lease, epoch, argv, by }: TaggedProcess, reason: string): Orphan {
  const agent = argv.join(' ').slice(0, 200)
  const session = `lease ${lease} of gateway ${instance}, epoch ${epoch}`
  return { pid, agent, session, reason: `${by} found; ${reason}` }
}
