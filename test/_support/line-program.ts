// A small program beside a test that says lines on stdout and takes lines on stdin. Ends with the test.

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

import { until } from './until.ts'
import type { Ability } from './where-it-works.ts'

const SAID_MS = 15_000

/** Perl with its base modules, which every Debian has. */
export function perlAbility(): Ability {
  const { status } = spawnSync('perl', ['-MIO::Socket::UNIX', '-MPOSIX', '-MTime::HiRes', '-e', '1'])
  return { name: 'perl', works: status === 0, reason: 'perl or its base modules are missing' }
}

/** A program of the system that has to be there. */
export function programAbility(name: string, ...args: readonly string[]): Ability {
  const works = spawnSync(name, args, { stdio: 'ignore' }).error === undefined
  return { name, works, reason: `${name} is missing` }
}

export class LineProgram implements AsyncDisposable {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  #stderr = ''

  constructor(
    [command, ...args]: readonly [string, ...string[]],
    options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
  ) {
    this.#child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
    let rest = ''
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n')
      rest = parts.pop() ?? ''
      this.lines.push(...parts)
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get stderr(): string {
    return this.#stderr
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /** Resolves with the first line from index `from` on that matches. */
  async said(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const find = () =>
      this.lines
        .slice(from)
        .map((line) => pattern.exec(line))
        .find((match) => match !== null)
    const what = (): string => `${pattern} was said: ${this.lines.slice(-20).join('\n')}\n${this.#stderr.slice(-2_000)}`
    await until(() => find() !== undefined, { ms: SAID_MS, what })
    return find()!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await exited
  }
}
