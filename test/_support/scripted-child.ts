// A child process that is none: three streams and an exit that the test decides. For what holds a process, without one.

import { PassThrough } from 'node:stream'

import type { Child, ExitStatus } from '../../src/process/spawn.ts'

export interface ScriptedChild extends Child {
  readonly stdin: PassThrough
  readonly stdout: PassThrough
  readonly stderr: PassThrough
  /** Closes its pipes and exits. */
  leave(status?: Partial<ExitStatus>): void
}

/** Beyond every pid a kernel gives (2^22), so that no signal can reach anybody. */
const NO_PID = 2 ** 22 + 1

/** Exits when its stdin ends, unless `isDeaf`. */
export function createScriptedChild({ isDeaf = false } = {}): ScriptedChild {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough({ highWaterMark: 1 }), new PassThrough()]
  const gone = Promise.withResolvers<ExitStatus>()
  let status: ExitStatus | undefined
  const leave = ({ code = 0, signal = null }: Partial<ExitStatus> = {}): void => {
    if (status !== undefined) return
    status = { code, signal }
    stdout.end()
    stderr.end()
    gone.resolve(status)
  }
  if (!isDeaf) stdin.once('finish', () => leave())
  const birth = { pid: NO_PID, startTicks: '1' }
  return { pid: NO_PID, birth, stdin, stdout, stderr, exit: () => status, exited: gone.promise, leave }
}
