// Opens what agents live in, as configured: a keeper that outlives this gateway, or the gateway itself.

import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

import { systemClock } from '../base/clock.ts'
import { remoteHeaders } from '../config/remote-agent.ts'
import type { AgentHost, ProcessHost } from '../keeper/agent-host.ts'
import { OUTPUT_LIMITS } from '../keeper/held/held-process.ts'
import { openInlineHost } from '../keeper/inline-host.ts'
import { openKeeperHost } from '../keeper/keeper-host.ts'
import { reapEarlierLives } from '../keeper/host/reap-earlier-lives.ts'
import { RemoteHost } from '../remote/remote-host.ts'
import { STOP_TIMES } from '../process/stop-ladder.ts'
import { keeperUnitLauncher } from '../supervise/keeper-unit-launcher.ts'
import type { NodeRecord, Store } from '../store/store.ts'
import type { GatewayOptions } from './run-gateway.ts'

/** Beside us in a checkout (TypeScript) and in a published package (JavaScript): the suffix is our own. */
const KEEPER_MAIN = fileURLToPath(
  import.meta.resolve(`../bin/keeper${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`),
)

/** A keeper holds pipes and parses nothing: a small young generation keeps it small. */
export const NODE_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=256']

/** argv of the keeper, without its orders. */
export const KEEPER_COMMAND: readonly [string, ...string[]] = [process.execPath, ...NODE_FLAGS, KEEPER_MAIN]

export interface HostParts {
  readonly options: GatewayOptions
  readonly store: Store
  readonly node: NodeRecord
  readonly stateDir: string
}

/** Resolves when no process of an earlier life is left but those that a keeper holds for us. */
export async function openHost(parts: HostParts): Promise<AgentHost> {
  const { env, log } = parts.options
  return new RemoteHost(await openProcessHost(parts), {
    clock: systemClock,
    logger: log.logger('remote'),
    headersOf: (agent, headers) => remoteHeaders(env, agent, headers),
  })
}

async function openProcessHost({ options, store, node, stateDir }: HostParts): Promise<ProcessHost> {
  const { config, env, log, paths, version } = options
  const clock = systemClock
  const logger = log.logger('keeper')
  if (config.keeper.hosting === 'inline') {
    await reapEarlierLives({ held: new Set(), store, node, clock, logger })
    return openInlineHost({ store, node, clock, logger, hasWarden: true })
  }
  const cache = getCompileCacheDir()
  const { host } = await openKeeperHost({
    store,
    node,
    clock,
    logger,
    version,
    command: KEEPER_COMMAND,
    env: {
      PATH: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      ...(env['HOLDFAST_LEASE'] === undefined ? {} : { HOLDFAST_LEASE: env['HOLDFAST_LEASE'] }),
      ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }),
    },
    runDir: paths.runDir,
    stateDir,
    launch: keeperUnitLauncher({ env, supervisor: options.supervision.supervisor, runDir: paths.runDir, logger }),
    adoptionGraceMs: config.keeper.adoptionGraceMs,
    stopTimes: STOP_TIMES,
    outputLimits: { ...OUTPUT_LIMITS, spoolBytesMax: config.keeper.spoolBytesMax },
  })
  return host
}
