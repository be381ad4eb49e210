// A contender as the run sees it: commands to it, its reports, its signals. Remembers each hold that it told of.

import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { deadline } from '../../../src/base/deadline.ts'
import { killPid } from '../../_support/kill.ts'
import { sharedMicroseconds, type Command, type Report, type Role } from './reports.ts'

const PROGRAM = fileURLToPath(new URL('./contender.ts', import.meta.url))
const ANSWER_MS = 15_000

type ReportOf<Kind extends Report['kind']> = Extract<Report, { kind: Kind }>
export type Held = ReportOf<'held'> & { readonly pid: number }

export interface ContenderSpec {
  readonly directory: string
  readonly id: string
  readonly role: Role
  readonly seed: number
}

export class ContenderProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #exited: Promise<unknown>
  readonly #waiting = new Map<Report['kind'], ((report: Report) => void)[]>()
  readonly #onReport: (report: Report, pid: number) => void

  constructor(spec: ContenderSpec, onReport: (report: Report, pid: number) => void) {
    const args = [PROGRAM, spec.directory, spec.id, spec.role, String(spec.seed)]
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#exited = once(this.#child, 'exit')
    this.#onReport = onReport
    this.#child.stdin.on('error', () => {})
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line))
  }

  get pid(): number {
    return this.#child.pid!
  }

  tell(command: Command): void {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`)
  }

  /** The next report of this kind. */
  next<Kind extends Report['kind']>(kind: Kind): Promise<ReportOf<Kind>> {
    const { promise, resolve } = Promise.withResolvers<Report>()
    this.#waiting.set(kind, [...(this.#waiting.get(kind) ?? []), resolve])
    return deadline(promise as Promise<ReportOf<Kind>>, { ms: ANSWER_MS, stage: `report ${kind} of ${this.pid}` })
  }

  /** Tells, and resolves with the report that follows. */
  ask<Kind extends Report['kind']>(command: Command, kind: Kind): Promise<ReportOf<Kind>> {
    const answer = this.next(kind)
    this.tell(command)
    return answer
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    killPid(this.pid, signal)
  }

  /** Resolves when it is gone, with a time at which it still lived. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' = 'SIGKILL'): Promise<number> {
    const at = sharedMicroseconds()
    killPid(this.pid, signal)
    await this.#exited
    return at
  }

  /** Resolves when it has ended by itself. */
  async end(): Promise<void> {
    this.#child.stdin.end()
    await this.#exited
  }

  #hear(line: string): void {
    // The last line of a killed process may be torn.
    const report = parse(line)
    if (report === undefined) return
    this.#onReport(report, this.pid)
    this.#waiting.get(report.kind)?.shift()?.(report)
  }
}

function parse(line: string): Report | undefined {
  try {
    return JSON.parse(line) as Report
  } catch {
    return undefined
  }
}
