// The gateway as a program of its own: what the command line may ask for besides the API. Loads the configuration once.

import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { loadConfig } from '../config/load.ts'
import { pathsOf } from '../config/paths.ts'
import { ensurePrivateDirectory } from '../base/private-directory.ts'
import { systemEnvironment } from '../config/environment.ts'
import type { Controls } from '../life/controls.ts'
import type { Requests } from '../life/requests.ts'
import { openLog } from '../observe/logger.ts'
import { probeContainment as probe } from '../process/containment.ts'
import type { ContainmentReport } from '../process/containment.ts'
import { startDetached } from '../process/start-detached.ts'
import type { DetachedProcess } from '../process/start-detached.ts'
import { withoutSupervisor } from '../supervise/detect-supervisor.ts'
import { openStateDir } from '../store/state-dir.ts'
import { runGateway } from './run-gateway.ts'
import { openSupervision } from './supervision.ts'
import { withStoppedStore } from './stopped-store.ts'

export interface ServeRequest {
  readonly version: string
  readonly detached: boolean
  readonly flags: Readonly<Record<string, string>>
  readonly requests: Requests
  readonly controls: Controls
  announce(line: string): void
  /** Calls `listener` with the exception that ends this process, right before it does. */
  onCrash(listener: (error: unknown) => void): void
}

const LAUNCHER = fileURLToPath(new URL('../../bin/holdfast.cjs', import.meta.url))

/** Runs a gateway with the configuration of this process; resolves when it has stopped as asked. Rejects as runGateway, or CONFIG_INVALID. */
export async function serveGateway(request: ServeRequest): Promise<void> {
  const { version, detached, flags, requests, controls, announce } = request
  const env = systemEnvironment()
  const paths = pathsOf(env)
  const loaded = loadConfig({ env, paths, flags })
  openStateDir(paths.stateDir) // before the log: its file lives there
  ensurePrivateDirectory(paths.runDir)
  const file = loaded.log.file ?? (detached ? paths.logFile : undefined)
  await using log = openLog({ level: loaded.log.level, ...(file === undefined ? {} : { file }) })
  request.onCrash((error) => log.crashed(error))
  await using supervision = await openSupervision({
    env,
    paths,
    config: loaded,
    logger: log.logger('supervise'),
    announce,
  })
  const config = supervision.fit(loaded)
  await runGateway({ config, paths, env, version, log, requests, controls, supervision, announce })
}

/** Starts `holdfast serve --detached` in a session of its own. */
export async function startGatewayProcess(): Promise<DetachedProcess & { log: string; logOffset: number }> {
  const env = systemEnvironment()
  const paths = pathsOf(env)
  const stateDir = openStateDir(paths.stateDir)
  const logOffset = statSync(paths.logFile, { throwIfNoEntry: false })?.size ?? 0
  const argv = [process.execPath, LAUNCHER, 'serve', '--detached'] as const
  const started = await startDetached({
    argv: [...argv],
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
