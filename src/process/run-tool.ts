// Runs a program of the system that works for minutes, such as a package manager, to its end: with a bound, a way to give up, and no
// process of its group left when it is given up. Never for agents.

import { deadline } from '../base/deadline.ts'
import { trySignal } from './signals.ts'
import { spawnChild, type Child, type ExitStatus } from './spawn.ts'

export interface ToolCommand {
  /** argv[0] is an absolute path. */
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  /** Milliseconds; then the group is killed. */
  readonly msMax: number
  readonly signal: AbortSignal
}

export interface ToolRun {
  readonly exit: ExitStatus
  /** The end of what it said on stdout and stderr. */
  readonly output: string
}

const OUTPUT_CHARS_MAX = 8_192

/** DEADLINE or CANCELLED once the group was killed; the system's error when it cannot be started. */
export async function runTool({ argv, cwd, env, msMax, signal }: ToolCommand): Promise<ToolRun> {
  const child = await spawnChild({ argv, cwd, env })
  child.stdin.end()
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-OUTPUT_CHARS_MAX)))
  try {
    const exit = await deadline(child.exited, { ms: msMax, stage: 'the package manager', signal })
    await deadline(drained(child), { ms: DRAIN_MS, stage: 'its output' }).catch(() => undefined)
    return { exit, output }
  } finally {
    // Not waited for yet, so that the pid and the group are still its own.
    if (child.exit() === undefined) trySignal(-child.pid, 'SIGKILL')
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

/** What it said last comes after its exit, at once, unless a child of it holds the pipe. */
const DRAIN_MS = 500

async function drained({ stdout, stderr }: Child): Promise<void> {
  const ended = [stdout, stderr].map(
    (stream) => new Promise<void>((resolve) => (stream.closed ? resolve() : stream.once('close', resolve))),
  )
  await Promise.all(ended)
}
