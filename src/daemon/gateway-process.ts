// What the command line may ask for besides the API: starting a gateway, and looking at one that does not run.

import { statSync } from 'node:fs'

import { pathsOf } from '../config/paths.ts'
import { systemEnvironment } from '../config/environment.ts'
import { probeContainment as probe } from '../process/containment.ts'
import type { ContainmentReport } from '../process/containment.ts'
import { startDetached } from '../process/start-detached.ts'
import type { DetachedProcess } from '../process/start-detached.ts'
import { withoutSupervisor } from '../supervise/detect-supervisor.ts'
import { openStateDir } from '../store/state-dir.ts'
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

/** What of containment works in the control group and with the rights of this process. */
export function probeContainment(): Promise<ContainmentReport> {
  return probe()
}

/** Checks the database of a gateway that is stopped; INSTANCE_LOCKED when one runs. */
export function verifyStore(version: string): Promise<string[]> {
  return withStoppedStore(version, (store) => store.verify())
}
