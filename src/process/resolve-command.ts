// Finds the program that an agent's argv[0] names, the way execvp would, before anything is spawned:
// behind a wrapper a missing command would only be an exit code 127.

import { constants } from 'node:fs'
import { access, open, stat } from 'node:fs/promises'
import { basename, delimiter, resolve } from 'node:path'

import { HoldfastError } from '../base/errors.ts'

export interface CommandQuery {
  /** For the message. */
  readonly agent: string
  readonly command: string
  /** The PATH the agent gets; undefined means the system's default. */
  readonly path: string | undefined
  readonly cwd: string
}

type Verdict = { kind: 'usable' } | { kind: 'missing' } | { kind: 'unusable'; reason: string }

const PATH_DEFAULT = '/usr/local/bin:/usr/bin:/bin'
const SHEBANG_BYTES_MAX = 256

/**
 * Absolute path of the program. A name with a slash is relative to `cwd`; any other is looked up in `path`, whose relative
 * entries are relative to `cwd` too. Rejects with AGENT_COMMAND_MISSING, or AGENT_COMMAND_UNUSABLE when all that was found
 * cannot be executed: a directory, no permission, or a script whose interpreter is missing.
 */
export async function resolveCommand(query: CommandQuery): Promise<string> {
  const { agent, command } = query
  let reason: string | undefined
  for (const candidate of candidates(query)) {
    const verdict = await judge(candidate, query)
    if (verdict.kind === 'usable') return candidate
    if (verdict.kind === 'unusable') reason ??= verdict.reason
  }
  if (reason === undefined) throw new HoldfastError('AGENT_COMMAND_MISSING', { agent, command })
  throw new HoldfastError('AGENT_COMMAND_UNUSABLE', { agent, command, reason })
}

function candidates({ command, path, cwd }: CommandQuery): string[] {
  if (command === '') return []
  if (command.includes('/')) return [resolve(cwd, command)]
  return (path ?? PATH_DEFAULT).split(delimiter).map((entry) => resolve(cwd, entry, command))
}

async function judge(file: string, query: CommandQuery): Promise<Verdict> {
  try {
    const found = await stat(file)
    if (found.isDirectory()) return unusable('it is a directory')
    if (!found.isFile()) return unusable('it is not a regular file')
    await access(file, constants.X_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' }
    return unusable(code === 'EACCES' ? 'it is not executable' : (code ?? 'it cannot be read'))
  }
  return judgeInterpreter(file, query)
}

/** The kernel answers ENOENT for a script whose interpreter is missing; say which one instead. */
async function judgeInterpreter(file: string, query: CommandQuery): Promise<Verdict> {
  const [interpreter, ...args] = (await readShebang(file)).split(/[ \t]+/)
  if (!interpreter) return { kind: 'usable' }
  if (!(await isExecutable(resolve(query.cwd, interpreter))))
    return unusable(`its interpreter ${interpreter} is missing`)
  const name = args.find((arg) => !arg.startsWith('-') && !arg.includes('='))
  if (basename(interpreter) !== 'env' || name === undefined) return { kind: 'usable' }
  for (const candidate of candidates({ ...query, command: name })) {
    if (await isExecutable(candidate)) return { kind: 'usable' }
  }
  return unusable(`its interpreter ${name} is not in its PATH`)
}

/** What follows `#!` in the first line; empty when the file is no script or cannot be read (executing needs no reading). */
async function readShebang(file: string): Promise<string> {
  try {
    await using handle = await open(file, 'r')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SHEBANG_BYTES_MAX), 0, SHEBANG_BYTES_MAX, 0)
    const text = buffer.toString('latin1', 0, bytesRead)
    return /^#![ \t]*([^\n\r]*)/.exec(text)?.[1]?.trim() ?? ''
  } catch {
    return ''
  }
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return (await stat(file)).isFile()
  } catch {
    return false
  }
}

function unusable(reason: string): Verdict {
  return { kind: 'unusable', reason }
}
