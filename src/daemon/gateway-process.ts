// What the command line may ask for besides the API: starting a gateway, and looking at one that does not run.

import { statSync } from 'node:fs'
import { join } from 'node:path'

import { isAlive, readBootId } from '../base/birth.ts'
import { systemClock } from '../base/clock.ts'
import { pathsOf } from '../config/paths.ts'
import { systemEnvironment } from '../config/environment.ts'
import { writeIntent } from '../life/restart-intent.ts'
import { probeContainment as probe } from '../process/containment.ts'
import type { ContainmentReport } from '../process/containment.ts'
import { startDetached } from '../process/start-detached.ts'
import type { DetachedProcess } from '../process/start-detached.ts'
import { withoutSupervisor } from '../supervise/detect-supervisor.ts'
import { signalProcess } from '../process/signals.ts'
import { readOwner } from '../store/instance-lock.ts'
import { LOCK_FILE, openStateDir } from '../store/state-dir.ts'
import { ownCommand } from './own-program.ts'
import { withStoppedStore } from './stopped-store.ts'

/** Starts `holdfast serve --detached` in a session of its own. */
export async function startGatewayProcess(): Promise<DetachedProcess & { log: string; logOffset: number }> {
  const env = systemEnvironment()
  const paths = pathsOf(env)
  const stateDir = openStateDir(paths.stateDir, { allowNetworkFileSystem: true }) // the gateway itself refuses
  const logOffset = statSync(paths.logFile, { throwIfNoEntry: false })?.size ?? 0
  const started = await startDetached({
    argv: ownCommand(['serve', '--detached']),
    env: withoutSupervisor(env),
    cwd: stateDir.path,
    outputFile: paths.logFile,
  })
  return { ...started, log: paths.logFile, logOffset }
}

/**
 * Asks the process that the lock names for a restart, as `holdfast restart` does when nobody answers. Resolves with its pid; undefined
 * when it does not live or is not of this boot.
 */
export async function signalRestart(reason: string): Promise<number | undefined> {
  const paths = pathsOf(systemEnvironment())
  const owner = readOwner(join(paths.stateDir, LOCK_FILE))
  if (owner === undefined || owner.boot !== readBootId()) return undefined
  const birth = { pid: owner.pid, startTicks: owner.start }
  if (!isAlive(birth)) return undefined
  writeIntent(paths.runDir, owner, { reason, now: systemClock.now() })
  return signalProcess(birth, 'SIGUSR1') ? owner.pid : undefined
}

/** What of containment works in the control group and with the rights of this process. */
export function probeContainment(): Promise<ContainmentReport> {
  return probe()
}

/** Checks the database of a gateway that is stopped; INSTANCE_LOCKED when one runs. */
export function verifyStore(version: string): Promise<string[]> {
  return withStoppedStore(version, (store) => store.verify())
}
