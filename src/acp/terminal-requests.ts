// The params of terminal/* requests of an agent, narrowed. Optional fields that are null count as absent (schema: default on null).

import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'

export const TERMINAL_METHODS = [
  'terminal/create',
  'terminal/output',
  'terminal/wait_for_exit',
  'terminal/kill',
  'terminal/release',
] as const

export type TerminalMethod = (typeof TERMINAL_METHODS)[number]

export function isTerminalMethod(method: string): method is TerminalMethod {
  return (TERMINAL_METHODS as readonly string[]).includes(method)
}

export interface CreateTerminal {
  readonly sessionId: string
  /** Program and arguments; no shell. */
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  /** Absolute. */
  readonly cwd: string | undefined
  readonly outputByteLimit: number | undefined
}

export interface TerminalRef {
  readonly sessionId: string
  readonly terminalId: string
}

export type NarrowedTerminal<T> = { kind: 'request'; request: T } | { kind: 'malformed'; reason: string }

/** Malformed: no session, no command, a directory that is not absolute, or what no process could be given. */
export function narrowCreateTerminal(params: JsonObject): NarrowedTerminal<CreateTerminal> {
  const { sessionId, command, args, env, cwd, outputByteLimit } = params
  if (typeof sessionId !== 'string') return malformed('sessionId must be a text')
  if (!isPassable(command) || command === '') return malformed('command must be a text')
  const rest = args ?? []
  if (!Array.isArray(rest) || !rest.every(isPassable)) return malformed('args must be a list of texts')
  const variables = readVariables(env ?? [])
  if (variables === undefined) return malformed('env must be a list of names and values')
  if (!isAbsent(cwd) && !(isPassable(cwd) && cwd.startsWith('/'))) return malformed('cwd must be an absolute path')
  if (!isAbsent(outputByteLimit) && !isCount(outputByteLimit))
    return malformed('outputByteLimit must be a count of bytes')
  return {
    kind: 'request',
    request: {
      sessionId,
      argv: [command, ...rest],
      env: variables,
      cwd: cwd ?? undefined,
      outputByteLimit: outputByteLimit ?? undefined,
    },
  }
}

export function narrowTerminalRef({ sessionId, terminalId }: JsonObject): NarrowedTerminal<TerminalRef> {
  if (typeof sessionId !== 'string') return malformed('sessionId must be a text')
  if (typeof terminalId !== 'string') return malformed('terminalId must be a text')
  return { kind: 'request', request: { sessionId, terminalId } }
}

function readVariables(env: Json): Record<string, string> | undefined {
  if (!Array.isArray(env)) return undefined
  const variables: [string, string][] = []
  for (const each of env) {
    const { name, value } = isJsonObject(each) ? each : {}
    if (!isPassable(name) || name === '' || name.includes('=') || !isPassable(value)) return undefined
    variables.push([name, value])
  }
  return Object.fromEntries(variables)
}

/** Text that an argument or a variable can be: the system ends them with NUL. */
function isPassable(value: Json | undefined): value is string {
  return typeof value === 'string' && !value.includes('\0')
}

function isAbsent(value: Json | undefined): value is null | undefined {
  return value === undefined || value === null
}

function isCount(value: Json): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function malformed(reason: string): { kind: 'malformed'; reason: string } {
  return { kind: 'malformed', reason }
}
