// A real service manager for a test, which is nobody else's. Everything that it starts ends with it.

import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { LAUNCHER } from './launcher.ts'
import { LineProgram } from './line-program.ts'
import { until } from './until.ts'
import type { Ability } from './where-it-works.ts'

const SYSTEMD = '/usr/lib/systemd/systemd'
const GROUP_ROOTS = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup']

/** Root, systemd, namespaces and a writable tree of control groups. */
export function managerAbility(): Ability {
  const name = 'a service manager of its own'
  if (!existsSync(SYSTEMD)) return { name, works: false, reason: 'systemd is missing' }
  if (process.getuid?.() !== 0) return { name, works: false, reason: 'needs root' }
  const works =
    spawnSync('unshare', ['--mount', '--cgroup', '--pid', '--fork', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status ===
    0
  return { name, works, reason: 'no namespaces with mounts' }
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export class UserManager implements AsyncDisposable {
  readonly home = mkdtempSync(join(tmpdir(), 'hf-manager-'))
  readonly #group = `hf-${process.pid}-${Date.now()}`
  readonly #program: LineProgram

  constructor() {
    this.#program = new LineProgram(['sh', join(import.meta.dirname, 'user-manager.sh'), this.home, this.#group])
  }

  async ready(): Promise<void> {
    await this.#program.said(/^manager$/)
  }

  /** A command with the environment of a login of that user. */
  run(command: string, ...args: readonly string[]): Promise<Ran> {
    const env = [
      `HOME=${this.home}`,
      'XDG_RUNTIME_DIR=/run/user/0',
      `PATH=${process.env['PATH']}`,
      'HOLDFAST_SUPERVISION_CRASHES_MAX=0',
    ]
    const argv = ['-t', this.#inner(), '-a', 'env', '-i', ...env, command, ...args]
    return new Promise((resolve) => {
      execFile('nsenter', argv, { cwd: '/' }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err })
      })
    })
  }

  holdfast(...args: readonly string[]): Promise<Ran> {
    return this.run(process.execPath, LAUNCHER, ...args)
  }

  /** One property of a unit, as systemd shows it. */
  async show(unit: string, property: string): Promise<string> {
    const { out } = await this.run('systemctl', '--user', 'show', '--value', `--property=${property}`, unit)
    return out.trim()
  }

  /** The first process in the namespace: the child of unshare. */
  #inner(): string {
    const { pid } = this.#program
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]()
    for (const root of GROUP_ROOTS) {
      const group = join(root, this.#group)
      if (existsSync(group)) await until(() => removeGroup(group), { ms: 10_000, what: () => `${group} is empty` })
    }
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** Inner ones first; false while processes are ending in one. */
function removeGroup(group: string): boolean {
  const { stdout } = spawnSync('find', [group, '-depth', '-type', 'd'], { encoding: 'utf8' })
  try {
    for (const directory of stdout.trim().split('\n')) if (existsSync(directory)) rmdirSync(directory)
    return true
  } catch {
    return false
  }
}
