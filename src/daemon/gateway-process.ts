// The gateway as a program of its own: what the command line may ask for besides the API. Loads the configuration once.

import { statSync } from 'node:fs'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { systemClock } from '../base/clock.ts'
import { isHoldfastError } from '../base/errors.ts'
import { loadConfig } from '../config/load.ts'
import { pathsOf } from '../config/paths.ts'
import { ensurePrivateDirectory } from '../base/private-directory.ts'
import { systemEnvironment } from '../config/environment.ts'
import { openLog } from '../observe/logger.ts'
import { probeContainment as probe } from '../process/containment.ts'
import type { ContainmentReport } from '../process/containment.ts'
import { tagEpochOf } from '../lease/process-leases.ts'
import { isAlive, readBootId } from '../process/birth.ts'
import { listTagged } from '../process/kill-tagged.ts'
import type { TaggedProcess } from '../process/kill-tagged.ts'
import { startDetached } from '../process/start-detached.ts'
import type { DetachedProcess } from '../process/start-detached.ts'
import { openSqliteStore } from '../store/open-sqlite-store.ts'
import { acquireInstanceLock } from '../store/instance-lock.ts'
import { openStateDir, STORE_FILE } from '../store/state-dir.ts'
import type { KeeperRecord } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { readOwnBirth } from './own-birth.ts'
import { runGateway } from './run-gateway.ts'
import type { StopSwitch } from './stop-switch.ts'

export interface ServeRequest {
  readonly version: string
  readonly detached: boolean
  readonly flags: Readonly<Record<string, string>>
  readonly stop: StopSwitch
  announce(line: string): void
  /** Calls `listener` with the exception that ends this process, right before it does. */
  onCrash(listener: (error: unknown) => void): void
}

const LAUNCHER = fileURLToPath(new URL('../../bin/holdfast.cjs', import.meta.url))

/** Runs a gateway with the configuration of this process; resolves when it has stopped as asked. Rejects as runGateway, or CONFIG_INVALID. */
export async function serveGateway(request: ServeRequest): Promise<void> {
  const { version, detached, flags, stop, announce } = request
  const env = systemEnvironment()
  const paths = pathsOf(env)
  const config = loadConfig({ env, paths, flags })
  openStateDir(paths.stateDir) // before the log: its file lives there
  ensurePrivateDirectory(paths.runDir)
  const file = config.log.file ?? (detached ? paths.logFile : undefined)
  await using log = openLog({ level: config.log.level, ...(file === undefined ? {} : { file }) })
  request.onCrash((error) => log.crashed(error))
  await runGateway({ config, paths, env, version, log, stop, announce })
}

/** Starts `holdfast serve --detached` in a session of its own. */
export async function startGatewayProcess(): Promise<DetachedProcess & { log: string; logOffset: number }> {
  const env = systemEnvironment()
  const paths = pathsOf(env)
  const stateDir = openStateDir(paths.stateDir)
  const logOffset = statSync(paths.logFile, { throwIfNoEntry: false })?.size ?? 0
  const argv = [process.execPath, LAUNCHER, 'serve', '--detached'] as const
  const started = await startDetached({ argv: [...argv], env, cwd: stateDir.path, outputFile: paths.logFile })
  return { ...started, log: paths.logFile, logOffset }
}

export interface Orphan {
  readonly pid: number
  readonly agent: string
  readonly session: string
  readonly reason: string
}

/**
 * Agent processes of this gateway that live although neither it nor a keeper of it does. Where there is no database any more, everything that carries
 * the tag of any gateway: whose it is cannot be said then. Empty while the gateway runs.
 */
export async function findOrphans(): Promise<Orphan[]> {
  const { stateDir } = pathsOf(systemEnvironment())
  const storeFile = join(stateDir, STORE_FILE)
  if (!existsSync(storeFile))
    return (await listTagged()).map((each) => asOrphan(each, 'no database here says whose it is'))
  try {
    return await withStoppedStore('', async (store) => {
      const own = await listTagged(store.instanceNumber())
      const kept = new Set((await store.listKeepers()).filter(isKeeperAlive).map(({ no }) => tagEpochOf(no)))
      return own
        .filter(({ epoch }) => !kept.has(epoch))
        .map((each) => asOrphan(each, 'its gateway does not run; ended at the next start'))
    })
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'INSTANCE_LOCKED') return []
    throw error
  }
}

function asOrphan({ pid, instance, lease, epoch, argv, by }: TaggedProcess, reason: string): Orphan {
  const agent = argv.join(' ').slice(0, 200)
  return {
    pid,
    agent,
    session: `lease ${lease} of gateway ${instance}, epoch ${epoch}`,
    reason: `${by} found; ${reason}`,
  }
}

/** What of containment works in the control group and with the rights of this process. */
export function probeContainment(): Promise<ContainmentReport> {
  return probe()
}

/** What a keeper holds for the next gateway has an owner, and a bound: the adoption grace. */
function isKeeperAlive({ hosting, bootId, pid, startTicks }: KeeperRecord): boolean {
  if (hosting !== 'keeper' || bootId !== readBootId() || pid === undefined || startTicks === undefined) return false
  return isAlive({ pid, startTicks })
}

/** Checks the database of a gateway that is stopped; INSTANCE_LOCKED when one runs. */
export function verifyStore(version: string): Promise<string[]> {
  return withStoppedStore(version, (store) => store.verify())
}

/** Gives `work` the database of a gateway that is not running, under its lock. */
async function withStoppedStore<T>(version: string, work: (store: Store) => Promise<T>): Promise<T> {
  const stateDir = openStateDir(pathsOf(systemEnvironment()).stateDir)
  const owner = { ...readOwnBirth(), version, since: systemClock.now() }
  using _lock = await acquireInstanceLock(stateDir.lockFile, owner, { waitMs: 0 })
  await using store = await openSqliteStore({ file: stateDir.storeFile })
  return await work(store)
}
