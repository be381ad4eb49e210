// Starts a program that outlives us: a process of its own session whose output goes to a file. Used for the gateway itself,
// never for agents (those need a lease: leased-spawn.ts).

import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

import { HoldfastError } from '../base/errors.ts'

export interface DetachedCommand {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Appended to, made with mode 0600. */
  readonly outputFile: string
}

export interface DetachedProcess {
  readonly pid: number
  /** Its exit code, or undefined after a signal. Does not keep this process alive. */
  readonly exited: Promise<number | undefined>
}

/** GATEWAY_START_FAILED when the program cannot be executed. */
export async function startDetached({ argv, env, cwd, outputFile }: DetachedCommand): Promise<DetachedProcess> {
  const [command, ...args] = argv
  const output = openSync(outputFile, 'a', 0o600)
  try {
    const child = spawn(command, args, { detached: true, stdio: ['ignore', output, output], env, cwd })
    const exited = new Promise<number | undefined>((resolve) => {
      child.once('exit', (code) => resolve(code ?? undefined))
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (cause) => {
        reject(new HoldfastError('GATEWAY_START_FAILED', { reason: cause.message, log: outputFile }, { cause }))
      })
    })
    child.unref()
    return { pid: child.pid ?? 0, exited }
  } finally {
    closeSync(output)
  }
}
