// Starts a program that outlives us: a process of its own session whose output goes to a file. Used for the gateway itself
// and the keeper, never for agents (those need a lease: tagged-spawn.ts).

import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

import { assert } from '../base/assert.ts'
import { deadline, firstOf, ignore } from '../base/deadline.ts'
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

export interface ServiceCommand extends DetachedCommand {
  /** Written to its stdin, which is closed then. */
  readonly input: string
}

/**
 * Starts a program that outlives us and waits until it has said something on stdout, or `ms`. Rejects with
 * GATEWAY_START_FAILED when it cannot be executed, ends first or says nothing; then it is not left running.
 */
export async function startService({ argv, env, cwd, outputFile, input }: ServiceCommand, ms: number): Promise<number> {
  const [command, ...args] = argv
  const log = openSync(outputFile, 'a', 0o600)
  const child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', log], env, cwd })
  closeSync(log)
  const { stdin, stdout } = child
  assert(stdin !== null && stdout !== null, 'both pipes were asked for')
  const failed = Promise.withResolvers<never>()
  const fail = (reason: string, cause?: unknown): void =>
    failed.reject(new HoldfastError('GATEWAY_START_FAILED', { reason, log: outputFile }, { cause }))
  child.once('error', (cause) => fail(cause.message, cause))
  child.once('exit', (code, signal) => fail(`it ended with ${signal ?? code}`))
  stdin.on('error', ignore('its exit says why it does not read'))
  const said = new Promise<void>((resolve) => stdout.once('data', () => resolve()))
  stdin.end(input)
  try {
    await deadline(firstOf([said, failed.promise]), { ms, stage: 'start of the keeper' })
    return child.pid!
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  } finally {
    failed.promise.catch(ignore('it was looked at, or it ended long after its start'))
    stdout.destroy()
    child.unref()
  }
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
