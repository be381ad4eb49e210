// Installs an agent: everything is made in a directory of this attempt and put in place by one rename, so that a program is there whole
// or not at all. A folder is named by what was asked for: whoever installs the same at the same time gets the folder of the first.

import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { isAlive, readStat } from '../base/birth.ts'
import type { Clock } from '../base/clock.ts'
import { HoldfastError, isHoldfastError } from '../base/errors.ts'
import type { AgentStore, InstallRecord } from './agent-store.ts'
import { layArchive } from './lay-archive.ts'
import { layNpm } from './lay-npm.ts'
import { layUv } from './lay-uv.ts'
import type { Fetch } from './https.ts'
import type { InstallPlan } from './plan.ts'

export interface InstallPorts {
  readonly store: AgentStore
  readonly clock: Clock
  readonly fetch: Fetch
  /** Of the process; what package managers are given of it is chosen. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** What was laid into a directory; paths are relative to it. */
export interface Laid {
  readonly program: string
  readonly binDirectories: readonly string[]
  readonly version: string
  readonly sha256?: string
}

export interface Installed {
  readonly record: InstallRecord
  /** False: these files were there already. */
  readonly isNew: boolean
}

/** Beside the files of a folder: what was laid there. */
const LAID_FILE = 'holdfast.json'

/** AGENT_INSTALL_FAILED or CANCELLED: then nothing of the attempt is left, and what was installed before still is. */
export async function installAgent(plan: InstallPlan, ports: InstallPorts): Promise<Installed> {
  const { store, clock } = ports
  store.ensure()
  removeAbandoned(store.stagingDir)
  const key = keyOf(plan)
  const folder = join(store.packagesDir, key)
  const isNew = !existsSync(folder) && (await makeFolder(plan, folder, ports))
  const laid = JSON.parse(readFileSync(join(folder, LAID_FILE), 'utf8')) as Laid
  const { agent, title, kind, args, env } = plan
  const packages = plan.kind === 'archive' ? [plan.archive] : plan.packages
  const before = store.records().get(agent)
  const keys = new Set(before === undefined ? [] : [before.key, ...before.olderKeys])
  keys.delete(key)
  const fields = { agent, title, kind, packages, key, olderKeys: [...keys], args, env }
  const record = { ...fields, ...laid, installedAt: clock.now() }
  store.writeRecord(record)
  return { record, isNew }
}

/** False when somebody else was faster; then it is theirs that is there. */
async function makeFolder(plan: InstallPlan, folder: string, ports: InstallPorts): Promise<boolean> {
  const staging = mkdtempSync(join(ports.store.stagingDir, `${ownMark()}-`))
  try {
    const laid = await lay(plan, staging, ports)
    writeFileSync(join(staging, LAID_FILE), `${JSON.stringify(laid, null, 2)}\n`, { mode: 0o600 })
    return putInPlace(staging, folder)
  } catch (error) {
    if (isHoldfastError(error) && error.code !== 'DEADLINE') throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new HoldfastError('AGENT_INSTALL_FAILED', { agent: plan.agent, reason: withoutDot(reason) }, { cause: error })
  } finally {
    rmSync(staging, { recursive: true, force: true, maxRetries: 3 })
  }
}

function lay(plan: InstallPlan, staging: string, ports: InstallPorts): Promise<Laid> {
  switch (plan.kind) {
    case 'npm':
      return layNpm(plan, staging, ports)
    case 'uv':
      return layUv(plan, staging, ports)
    case 'archive':
      return layArchive(plan, staging, ports)
    default:
      return plan satisfies never
  }
}

function putInPlace(staging: string, folder: string): boolean {
  try {
    renameSync(staging, folder)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
    throw error
  }
}

/** Of everything that decides what the files are. */
export function keyOf(plan: InstallPlan): string {
  const what =
    plan.kind === 'archive'
      ? [plan.kind, plan.version, plan.archive, plan.sha256 ?? '', plan.program]
      : [plan.kind, plan.packages, plan.program ?? '', plan.kind === 'npm' && plan.runsScripts]
  const digest = createHash('sha256')
    .update(JSON.stringify([what, process.platform, process.arch]))
    .digest('hex')
  const name = plan.kind === 'archive' ? `${plan.agent}@${plan.version}` : (plan.packages[0] ?? plan.agent)
  const shown = name
    .replaceAll('==', '@')
    .replaceAll(/[^0-9A-Za-z.@+-]+/g, '-')
    .replace(/^[^0-9A-Za-z]+/, '')
    .slice(0, 80)
  return `${shown}-${digest.slice(0, 12)}`
}

/** Names the directories of this process, so that another can see whether anybody still works there. */
function ownMark(): string {
  return `${process.pid}-${readStat(process.pid)?.startTicks ?? 0}`
}

/** What attempts left that were killed. */
function removeAbandoned(stagingDir: string): void {
  for (const name of readdirSync(stagingDir)) {
    const [, pid, startTicks] = /^(\d+)-(\d+)-/.exec(name) ?? []
    const isOurs = name.startsWith(`${ownMark()}-`)
    if (isOurs || (pid !== undefined && isAlive({ pid: Number(pid), startTicks: startTicks ?? '' }))) continue
    rmSync(join(stagingDir, name), { recursive: true, force: true, maxRetries: 3 })
  }
}

function withoutDot(text: string): string {
  return text.replace(/\.$/, '')
}
