// The one place that starts an OS process: own session, three pipes, birth identity read before anything can reap it.
// Never unrefs a child and never uses a shell. Leases are the business of leased-spawn.ts.

import { spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'

import { readStat, type Birth } from '../base/birth.ts'

export interface ExitStatus {
  readonly code: number | null
  readonly signal: string | null
}

export interface SpawnCommand {
  /** argv[0] is an absolute path. */
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** A child that leads its own session and process group. */
export interface Child {
  readonly pid: number
  /** Undefined where /proc cannot be read. */
  readonly birth: Birth | undefined
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Set once the child was waited for; from then on its pid may belong to somebody else. */
  readonly exit: () => ExitStatus | undefined
  /** Settles at `exit`, not at `close`: somebody else may hold the pipes for as long as it likes. */
  readonly exited: Promise<ExitStatus>
}

const OOM_SCORE = '500'

/** Rejects with the system's error (ENOENT, EACCES, EAGAIN …) when nothing was started. */
export async function spawnChild({ argv, cwd, env }: SpawnCommand): Promise<Child> {
  const [command, ...args] = argv
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
  // Nobody has waited for the child before the next turn of the loop, so its pid is still its own.
  const stat = child.pid === undefined ? undefined : readStat(child.pid)
  if (child.pid !== undefined) preferForOom(child.pid)
  containErrors(child)
  let status: ExitStatus | undefined
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code, signal) => resolve((status = { code, signal })))
  })
  await spawned(child)
  const pid = child.pid as number
  const birth = stat && { pid, startTicks: stat.startTicks }
  return { pid, birth, stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exit: () => status, exited }
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    // Stays attached: a later error of this emitter (a signal that could not be sent) must not end the process.
    child.on('error', reject)
  })
}

/** The OOM killer takes agents before the gateway. Inherited; raising it needs no privilege. */
function preferForOom(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, OOM_SCORE, { flag: 'r+' })
  } catch {
    // Not Linux, or refused in this container: the kernel's own choice stays.
  }
}

/** A pipe that breaks is a fact about the child, told by its exit; without a listener it would end this process. */
function containErrors(child: ChildProcess): void {
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', () => {})
}
