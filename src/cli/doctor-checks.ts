// The single checks of `holdfast doctor`. Each looks and says; none changes anything.

import { constants } from 'node:fs'
import type { Stats } from 'node:fs'
import { access, lstat } from 'node:fs/promises'
import path from 'node:path'

import type { AgentView, StatusView } from '../wire/gateway.ts'

export interface Check {
  readonly name: string
  /** `warn`: works, but a person should know. `fail`: does not work, or is not safe. */
  readonly result: 'ok' | 'warn' | 'fail'
  readonly detail: string
}

const ok = (name: string, detail: string): Check => ({ name, result: 'ok', detail })
const warn = (name: string, detail: string): Check => ({ name, result: 'warn', detail })
const fail = (name: string, detail: string): Check => ({ name, result: 'fail', detail })

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const supported = (major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26
  return supported ? ok('node', version) : fail('node', `${version}; use Node >=24.16 <25 or >=26.1`)
}

export function checkSqlite(version: string | undefined): Check {
  return version === undefined ? fail('sqlite', 'this Node has no SQLite') : ok('sqlite', version)
}

export function checkPlatform(platform: string): Check {
  if (platform === 'linux') return ok('platform', 'linux: every process of an agent is found and ended')
  if (platform === 'darwin') return warn('platform', 'macOS: processes that leave their group may outlive a session')
  return warn('platform', `${platform}: experimental`)
}

/** A directory or file that only its owner may touch. */
export async function checkPrivate(
  name: string,
  file: string,
  kind: 'directory' | 'file',
  uid: number,
): Promise<Check> {
  const stats = await statOf(file)
  if (stats === undefined) return warn(name, `${file}: not there yet; made at the first start`)
  const isKind = kind === 'directory' ? stats.isDirectory() : stats.isFile()
  if (!isKind) return fail(name, `${file}: not a ${kind}`)
  if (stats.uid !== uid) return fail(name, `${file}: belongs to another user (${stats.uid})`)
  const mode = stats.mode & 0o777
  if ((mode & 0o077) !== 0) return fail(name, `${file}: mode ${mode.toString(8)} lets others in`)
  return ok(name, file)
}

export async function checkSocket(file: string): Promise<Check> {
  const stats = await statOf(file)
  if (stats === undefined) return warn('socket', `${file}: not there; no gateway runs`)
  return stats.isSocket() ? ok('socket', file) : fail('socket', `${file}: not a socket`)
}

/** From what a gateway that answers says of itself. */
export function checkStatus(status: StatusView): Check[] {
  const { state, pid, version, tagging, hosting, keepers, agents_stuck: stuck, warden_pid: warden } = status
  const ready = keepers.find(({ retiring }) => !retiring)
  const gateway = `${state}, version ${version}, pid ${pid}`
  return [
    state === 'ready' ? ok('gateway', gateway) : warn('gateway', gateway),
    tagging === 'marker'
      ? warn('tagging', 'marker: by environment only; a child that clears it is not found')
      : ok('tagging', tagging),
    hosting === 'inline'
      ? warn('keeper', 'none: agents live in the gateway and end with it (keeper.hosting inline)')
      : ready === undefined
        ? warn('keeper', 'none runs; it is started with the next agent, see keeper.log in the state directory')
        : ok('keeper', `pid ${ready.pid}`),
    warden === null
      ? warn('warden', 'none: agents that ignore the end of their input outlive a killed gateway until the next start')
      : ok('warden', `pid ${warden}`),
    stuck === 0
      ? ok('agents stuck', 'none')
      : fail('agents stuck', `${stuck} processes could not be ended; see the gateway log`),
    status.disk_full ? fail('disk', 'full: no new work is taken until there is room') : ok('disk', 'has room'),
    ...checkQuarantine(status.sessions_quarantined),
  ]
}

function checkQuarantine(count: number): Check[] {
  if (count === 0) return []
  const detail = `${count} with a damaged log, see: holdfast sessions ls. Export what can be read, then close them`
  return [fail('quarantine', detail)]
}

/** Whether the program of an agent can be found and executed with `searchPath` (a PATH). */
export async function checkAgent({ name, command, host }: AgentView, searchPath: string): Promise<Check> {
  if (command === null) return ok(`agent ${name}`, `remote, at ${host ?? 'an unknown host'}; not asked`)
  const found = await findExecutable(command, searchPath)
  return found === undefined ? warn(`agent ${name}`, `${command}: not found`) : ok(`agent ${name}`, found)
}

async function findExecutable(command: string, searchPath: string): Promise<string | undefined> {
  const candidates = command.includes('/')
    ? [command]
    : searchPath
        .split(path.delimiter)
        .filter((directory) => directory !== '')
        .map((directory) => path.join(directory, command))
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate
  return undefined
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await lstat(file)
  } catch {
    return undefined
  }
}
