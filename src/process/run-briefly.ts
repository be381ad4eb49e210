// Runs a small program of the system to its end and keeps what it said: for probes and tools of the system, never for agents.

import { statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import { deadline } from '../base/deadline.ts'
import { spawnChild, type ExitStatus } from './spawn.ts'

export interface BriefRun {
  readonly exit: ExitStatus
  readonly stdout: string
  readonly stderr: string
}

export interface BriefOptions {
  /** The whole environment of the program; empty without. */
  readonly env?: Readonly<Record<string, string>>
  /** Bound of the run in milliseconds (2 s without). */
  readonly msMax?: number
}

/** Where the programs of the system are, whatever PATH the gateway was started with. */
export const TOOL_PATH = '/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin'

const RUN_MS_MAX = 2_000
const TEXT_CHARS_MAX = 16_384

/** Ends the program after `msMax`, then rejects with DEADLINE; rejects with the system's error when it cannot be started. */
export async function runBriefly(
  argv: readonly [string, ...string[]],
  { env = {}, msMax = RUN_MS_MAX }: BriefOptions = {},
): Promise<BriefRun> {
  const child = await spawnChild({ argv, cwd: '/', env })
  child.stdin.end()
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  try {
    const all = Promise.all([child.exited, stdout.ended, stderr.ended])
    const [exit] = await deadline(all, { ms: msMax, stage: 'probe' })
    return { exit, stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    if (child.exit() === undefined) process.kill(child.pid, 'SIGKILL')
    child.stdout.destroy()
    child.stderr.destroy()
  }
}
/** The first regular file `name` in `toolPath`. */
export function findTool(name: string, toolPath: string): string | undefined {
  return toolPath
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
}

function collect(stream: NodeJS.ReadableStream): { ended: Promise<void>; text: () => string } {
  let text = ''
  stream.setEncoding('latin1')
  stream.on('data', (chunk: string) => {
    if (text.length < TEXT_CHARS_MAX) text += chunk
  })
  const ended = new Promise<void>((resolve) => stream.once('close', resolve))
  return { ended, text: () => text }
}
