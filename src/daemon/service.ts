// The gateway as a service of the system: says what an installed service consists of, from the configuration and this program.

import { existsSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'

import { HoldfastError } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import { systemEnvironment } from '../config/environment.ts'
import type { Environment } from '../config/environment.ts'
import { loadConfig } from '../config/load.ts'
import { pathsOf } from '../config/paths.ts'
import { captureEnvironment } from '../supervise/service/captured-environment.ts'
import { LaunchdService } from '../supervise/service/launchd-service.ts'
import type { ServiceControl } from '../supervise/service/service-control.ts'
import { SystemdService } from '../supervise/service/systemd-service.ts'
import { UNIT_NAMES } from '../supervise/units/service-plan.ts'
import type { ServicePlan } from '../supervise/units/service-plan.ts'
import { KEEPER_COMMAND } from './open-host.ts'
import { ownCommand } from './own-program.ts'

export interface ServiceRequest {
  /** Of the machine instead of the user. */
  readonly isSystem: boolean
  /** systemd holds the sockets; undefined: as installed. */
  readonly hasSocket: boolean | undefined
}

export interface OpenedService {
  readonly control: ServiceControl
  /** Settings of this shell that the service will not have. */
  readonly leftOut: readonly string[]
  readonly environmentFile: string
  /** HOLDFAST_HOME that commands need to reach it; undefined when they find it without. */
  readonly home: string | undefined
  /** Whom it runs as, when that is not who asks. */
  readonly user: string | undefined
}

/** Of a service of the system; made by systemd for its user. */
const SYSTEM_HOME = '/var/lib/holdfast'

/** SUPERVISOR_UNAVAILABLE where there is no service manager that we know; CONFIG_INVALID as the gateway itself. */
export function openService(version: string, { isSystem, hasSocket }: ServiceRequest): OpenedService {
  const env = systemEnvironment()
  const home = env['HOLDFAST_HOME'] || (isSystem ? SYSTEM_HOME : undefined)
  const own = home === undefined ? env : { ...env, HOLDFAST_HOME: home }
  const paths = pathsOf(own)
  const config = loadConfig({ env: own, paths })
  const captured = captureEnvironment(env, home, process.execPath)
  const user = isSystem ? env['SUDO_USER'] : undefined
  const environmentFile = join(dirname(paths.configFile), 'service.env')
  const plan: ServicePlan = {
    ...paths,
    scope: isSystem ? 'system' : 'user',
    version,
    gateway: ownCommand(['serve']),
    keeper: KEEPER_COMMAND,
    env: captured.env,
    environmentFile,
    drainMs: config.deadlines.drainMs,
    tcp: tcpOf(config),
    hasSocket: hasSocket ?? existsSync(join(unitDirOf(isSystem, env), UNIT_NAMES.socket)),
    user,
  }
  const isHomeNews = isSystem && home !== env['HOLDFAST_HOME']
  return {
    control: controlOf(plan, env),
    leftOut: captured.leftOut,
    environmentFile,
    home: isHomeNews ? home : undefined,
    user,
  }
}

function controlOf(plan: ServicePlan, env: Environment): ServiceControl {
  const { uid, username } = userInfo()
  if (process.platform === 'darwin') {
    if (plan.scope === 'system') throw unavailable('under launchd there is a service of a user only')
    return new LaunchdService(plan, env, { agentsDir: join(homedir(), 'Library', 'LaunchAgents'), uid })
  }
  if (process.platform !== 'linux') throw unavailable(`there is none that we know on ${process.platform}`)
  if (plan.scope === 'system' && uid !== 0) throw unavailable('a service of the system is for root: use sudo')
  const unitDir = unitDirOf(plan.scope === 'system', env)
  return new SystemdService(plan, env, { unitDir, lingerDir: '/var/lib/systemd/linger', userName: username })
}

function unitDirOf(isSystem: boolean, env: Environment): string {
  if (isSystem) return '/etc/systemd/system'
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'systemd', 'user')
}

/** Of a socket that systemd opens: any free port is no port to write down. */
function tcpOf({ http }: Config): string | undefined {
  if (!http.enabled || http.port === 0) return undefined
  return http.host.includes(':') ? `[${http.host}]:${http.port}` : `${http.host}:${http.port}`
}

function unavailable(reason: string): HoldfastError {
  return new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason })
}
