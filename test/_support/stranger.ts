// A process that belongs to nobody we know: what a sweep, a reaper or a stop must never touch.

import { spawn, spawnSync } from 'node:child_process'

import { findBirth } from './leak-check.ts'

export interface Stranger extends AsyncDisposable {
  readonly pid: number
  readonly startTicks: string
  isAlive(): boolean
}

export interface StrangerSpec {
  readonly argv: readonly [string, ...string[]]
  readonly cwd?: string
  /** Besides the search path. */
  readonly env?: Readonly<Record<string, string>>
}

const NOBODY = 65_534

/** Whether processes of another user can be started here. */
export function canBeNobody(): boolean {
  return process.getuid?.() === 0 && spawnSync('true', [], { uid: NOBODY, gid: NOBODY }).status === 0
}

/** Starts it with an environment that names none of our gateways, unless `env` does; its input stays open until it is ended. */
export function startStranger(spec: StrangerSpec, asNobody = false): Stranger {
  const { argv, cwd = '/' } = spec
  const [command, ...args] = argv
  const who = asNobody ? { uid: NOBODY, gid: NOBODY } : {}
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', ...spec.env }
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['pipe', 'ignore', 'ignore'], ...who })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const { pid } = child
  if (pid === undefined) throw new Error(`${command} cannot be started`)
  const [, startTicks = ''] = findBirth(pid)?.split(' ') ?? []
  const isAlive = (): boolean => findBirth(pid) === `${pid} ${startTicks}`
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return { pid, startTicks, isAlive, [Symbol.asyncDispose]: end }
}
