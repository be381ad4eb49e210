// What can be said of a command before anything is started or recorded: its directory is there, and its program can be found.

import { stat } from 'node:fs/promises'

import { HoldfastError } from '../base/errors.ts'
import { resolveCommand } from './resolve-command.ts'

export interface CheckedCommand {
  readonly agent: string
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

/**
 * `argv` with the absolute path of its program, looked up in the PATH that the process will have. SPAWN_FAILED for a missing
 * directory, AGENT_COMMAND_MISSING, AGENT_COMMAND_UNUSABLE.
 */
export async function checkCommand({ agent, argv, env, cwd }: CheckedCommand): Promise<[string, ...string[]]> {
  const found = await stat(cwd).catch(() => undefined)
  if (!found?.isDirectory()) throw new HoldfastError('SPAWN_FAILED', { agent, reason: `there is no directory ${cwd}` })
  const [command, ...args] = argv
  return [await resolveCommand({ agent, command, path: env['PATH'], cwd }), ...args]
}
