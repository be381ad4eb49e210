// Runs a program of the system whose output goes on, such as a log that is followed, until it ends or nobody wants it any more.

import { HoldfastError } from '../base/errors.ts'
import { trySignal } from './signals.ts'
import { findTool, TOOL_PATH } from './run-briefly.ts'
import { spawnChild } from './spawn.ts'

export interface FollowedTool {
  /** argv[0] is a name, looked up where programs of the system are. */
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends the program with SIGTERM. */
  readonly signal: AbortSignal
  onText(text: string): void
}

/** Resolves when it has ended. SUPERVISOR_UNAVAILABLE when it is missing, or failed before it said anything. */
export async function followTool({ argv: [name, ...args], env, signal, onText }: FollowedTool): Promise<void> {
  const tool = findTool(name, TOOL_PATH)
  if (tool === undefined) throw new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason: `there is no ${name}` })
  const child = await spawnChild({ argv: [tool, ...args], cwd: '/', env: definedOf(env) })
  let said = ''
  const ended = new Promise<void>((resolve) => child.stdout.once('close', resolve))
  child.stdin.end()
  child.stdout.setEncoding('utf8').on('data', onText)
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, 500)))
  const stop = (): void => void (child.exit() === undefined && trySignal(child.pid, 'SIGTERM'))
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const { code } = await child.exited
  await ended
  signal.removeEventListener('abort', stop)
  if (code !== 0 && !signal.aborted) {
    throw new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason: `${name}: ${said.trim() || `ended with ${code}`}` })
  }
}

function definedOf(env: FollowedTool['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
