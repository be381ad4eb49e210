// Who started this process and starts it again: systemd, launchd, or nobody we know of. Reads, never asks anybody.
// Generic marks do not count: children of a service, and shells of a login, inherit them (docs/service.md, "Who counts").

import { readOwnProcess, type OwnProcess } from './own-process.ts'

/** Variable that our own units set: `systemd:<unit>:<user|system>` or `launchd:<label>`. */
export const SUPERVISOR_VARIABLE = 'HOLDFAST_SUPERVISOR'
/** Variable that our own units set beside their stop timeout: milliseconds from the stop signal to SIGKILL. */
export const STOP_BUDGET_VARIABLE = 'HOLDFAST_STOP_BUDGET_MS'
/** launchd kills about 20 s after SIGTERM, unless a job says otherwise. Ours do not. */
export const LAUNCHD_STOP_BUDGET_MS = 20_000

/** Variable that our unit sets where the gateway may start keepers as units: the name of their template, up to the `@`. */
export const KEEPER_UNIT_VARIABLE = 'HOLDFAST_KEEPER_UNIT'

export type UnitScope = 'user' | 'system'

export type Supervisor =
  | { readonly kind: 'none'; readonly unit?: undefined; readonly scope?: undefined; readonly stopBudgetMs?: undefined }
  | {
      readonly kind: 'systemd'
      readonly unit: string
      readonly scope: UnitScope
      /** The unit is one that `holdfast service install` wrote: it starts us again when we exit with EXIT.restart. */
      readonly isOurs: boolean
      /** From the stop signal to SIGKILL; undefined until `readStopBudget` has asked, 0 for no limit. */
      readonly stopBudgetMs?: number
    }
  | {
      readonly kind: 'launchd'
      readonly unit: string
      readonly scope: 'user'
      readonly isOurs: true
      readonly stopBudgetMs: number
    }

export type Variables = Readonly<Record<string, string | undefined>>

const NONE: Supervisor = { kind: 'none' }

/** What supervises exactly this process, by the variables it was started with and what the kernel says of it. */
export function detectSupervisor(env: Variables, self: OwnProcess = readOwnProcess()): Supervisor {
  return ownSystemd(env, self) ?? ownLaunchd(env, self) ?? foreignSystemd(env, self) ?? NONE
}

/** Without what a supervisor said to this process alone: for a program that is to outlive it. */
export function withoutSupervisor(env: Variables): Variables {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OF_SUPERVISOR.test(name)))
}

const OF_SUPERVISOR =
  /^(NOTIFY_SOCKET|WATCHDOG_.*|LISTEN_.*|HOLDFAST_SUPERVISOR|HOLDFAST_STOP_BUDGET_MS|HOLDFAST_KEEPER_UNIT)$/

function ownSystemd(env: Variables, self: OwnProcess): Supervisor | undefined {
  const [manager, unit, scope] = (env[SUPERVISOR_VARIABLE] ?? '').split(':')
  if (manager !== 'systemd' || unit === undefined || !/^[\w@.\\-]+\.service$/.test(unit)) return undefined
  if (scope !== 'user' && scope !== 'system') return undefined
  if (!env['INVOCATION_ID'] || isInherited(env, self)) return undefined
  const budget = Number(env[STOP_BUDGET_VARIABLE])
  const known = env[STOP_BUDGET_VARIABLE] !== undefined && Number.isSafeInteger(budget) && budget >= 0
  return { kind: 'systemd', unit, scope, isOurs: true, ...(known ? { stopBudgetMs: budget } : {}) }
}

/** launchd has no mark of an invocation: its own children have it as their parent. */
function ownLaunchd(env: Variables, { ppid }: OwnProcess): Supervisor | undefined {
  const [manager, label] = (env[SUPERVISOR_VARIABLE] ?? '').split(':')
  if (manager !== 'launchd' || !label || env['XPC_SERVICE_NAME'] !== label || ppid !== 1) return undefined
  return { kind: 'launchd', unit: label, scope: 'user', isOurs: true, stopBudgetMs: LAUNCHD_STOP_BUDGET_MS }
}

/** A unit that somebody else wrote. Needs proof that it is about this process: a systemd that names the pid it executed. */
function foreignSystemd(env: Variables, self: OwnProcess): Supervisor | undefined {
  if (!env['INVOCATION_ID'] || env['SYSTEMD_EXEC_PID'] === undefined || isInherited(env, self)) return undefined
  const found = unitOf(self.cgroup)
  return found === undefined ? undefined : { kind: 'systemd', ...found, isOurs: false }
}

/** True when the variables are those of another process that this one descends from. Our launcher is no other: it exits as we do. */
export function isInherited(env: Variables, { pid, ppid, parentArgv }: OwnProcess): boolean {
  const executed = env['SYSTEMD_EXEC_PID']
  if (executed === undefined || executed === String(pid)) return false
  const isLauncher = parentArgv.some((argument) => /(^|\/)holdfast(\.cjs)?$/.test(argument))
  return !(executed === String(ppid) && isLauncher)
}

/** The service whose control group this is; a scope (a login, a terminal) is no service. */
function unitOf(cgroup: string): { unit: string; scope: UnitScope } | undefined {
  const line = cgroup.split('\n').find((each) => /^(0::|\d+:name=systemd:)\/./.test(each))
  const parts = line?.slice(line.indexOf('/')).split('/') ?? []
  const at = parts.findLastIndex((part) => /\.(service|scope)$/.test(part))
  const unit = parts[at]
  if (unit === undefined || !unit.endsWith('.service') || /^user@\d+\.service$/.test(unit)) return undefined
  const isOfUser = parts.slice(0, at).some((part) => /^user@\d+\.service$/.test(part))
  return { unit, scope: isOfUser ? 'user' : 'system' }
}
