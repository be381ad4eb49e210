// What `holdfast doctor` says of the gateway as a service: installed, current, able to run the agents, and what would end with it.

import { readFileSync } from 'node:fs'

import { isHoldfastError } from '../base/errors.ts'
import type { AgentView, StatusView } from '../wire/gateway.ts'
import type { CliDeps } from './deps.ts'
import { checkAgent } from './doctor-checks.ts'
import type { Check } from './doctor-checks.ts'
import type { ServicePort, ServiceStateView } from './service-port.ts'

export interface ServiceReport {
  readonly checks: readonly Check[]
  /** PATH of the installed service; undefined without one. */
  readonly searchPath: string | undefined
}

const NAME = 'service'

/** Looks at the service of this user; one that is not there is nothing wrong. */
export async function checkService(deps: Pick<CliDeps, 'openService'>): Promise<ServiceReport> {
  const control = await openControl(deps)
  if (control === undefined) return { checks: [], searchPath: undefined }
  if (control.files().every(({ found }) => found === 'missing')) return { checks: [NONE], searchPath: undefined }
  try {
    const state = await control.state()
    return { checks: checksOf(state), searchPath: state.searchPath }
  } catch (error) {
    if (!isHoldfastError(error)) throw error
    return { checks: [{ name: NAME, result: 'warn', detail: error.message }], searchPath: undefined }
  }
}

/** Undefined where there are no services, and for a configuration that another check complains about. */
async function openControl({ openService }: Pick<CliDeps, 'openService'>): Promise<ServicePort | undefined> {
  try {
    return (await openService({ isSystem: false, hasSocket: undefined })).control
  } catch (error) {
    if (!isHoldfastError(error)) throw error
    return undefined
  }
}

const NONE: Check = { name: NAME, result: 'ok', detail: 'none; commands start the gateway (holdfast service install)' }

function checksOf({ name, isInstalled, isEnabled, activity, lingers, files }: ServiceStateView): Check[] {
  const foreign = files.find(({ found }) => found === 'foreign')
  if (!isInstalled) {
    const detail = foreign === undefined ? 'half of its files are missing' : `${foreign.path}: not written by Holdfast`
    return [{ name: NAME, result: 'warn', detail: `${detail}; holdfast service install` }]
  }
  const hasFailed = activity.startsWith('failed')
  const checks: Check[] = [{ name: NAME, result: hasFailed ? 'fail' : 'ok', detail: `${name}: ${activity}` }]
  const warn = (what: string, detail: string): void => void checks.push({ name: what, result: 'warn', detail })
  if (!isEnabled) warn('service at start', 'not enabled; holdfast service install')
  if (lingers === false) warn('service at start', 'ends with the last login; loginctl enable-linger')
  if (files.some(({ found }) => found === 'stale' || found === 'missing'))
    warn('service files', 'of another version or program; holdfast service install, then restart')
  return checks
}

/** An agent as the service finds it; the shell's PATH is often longer. */
export async function checkServiceAgent(agent: AgentView, shellPath: string, servicePath: string): Promise<Check> {
  const found = await checkAgent(agent, servicePath)
  if (found.result === 'ok') return found
  const byShell = await checkAgent(agent, shellPath)
  if (byShell.result !== 'ok') return found
  const detail = `${byShell.detail}: not in the PATH of the service; holdfast service install, then restart`
  return { ...found, detail }
}

/** A keeper in the unit of its gateway ends with it, and with it the agents. `read` gives /proc/PID/cgroup. */
export function checkKeeperUnit(status: Pick<StatusView, 'pid' | 'keepers'>, read = readCgroup): Check[] {
  const unit = unitOf(read(status.pid))
  const inside = status.keepers.filter(({ pid }) => unit !== undefined && unitOf(read(pid)) === unit)
  if (inside.length === 0) return []
  const detail = `in the unit of the gateway (${unit}): a stop or restart of it ends the agents; see docs/service.md`
  return [{ name: 'keeper unit', result: 'warn', detail }]
}

function unitOf(cgroup: string): string | undefined {
  const line = cgroup.split('\n').find((each) => /^(0::|\d+:name=systemd:)\/./.test(each))
  const last = line?.split('/').findLast((part) => /\.(service|scope)$/.test(part))
  return last?.endsWith('.service') && !last.startsWith('user@') ? last : undefined
}

function readCgroup(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
  } catch {
    return ''
  }
}
