// How one logs in to an agent: `authMethods` of `initialize`, narrowed once. A method of an unknown type is kept and shown as one that
// cannot be used (C-17); what has no id, or one that was there before, is left out. Never throws.

import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'

interface MethodHead {
  readonly id: string
  readonly name: string
  readonly description: string | undefined
}

export type LoginMethod = MethodHead &
  (
    | { readonly kind: 'agent' }
    /** The agent's own program in a terminal: `args` are appended to its command, `env` goes before its variables. */
    | { readonly kind: 'terminal'; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }
    /** `variables`: names of those that would be the login, where it says so. */
    | { readonly kind: 'unsupported'; readonly type: string; readonly variables: readonly string[] }
  )

/** What may be stored and shown of a method: nothing that it would be started with. */
export interface KnownLogin {
  readonly id: string
  readonly name: string
  readonly kind: LoginMethod['kind']
}

const METHODS_MAX = 32
const TEXT_CHARS_MAX = 512
const ARGS_MAX = 64
const VARIABLES_MAX = 64

export function narrowLoginMethods(authMethods: Json | undefined): readonly LoginMethod[] {
  if (!Array.isArray(authMethods)) return []
  const methods = new Map<string, LoginMethod>()
  for (const item of authMethods.slice(0, METHODS_MAX)) {
    const method = isJsonObject(item) ? methodOf(item) : undefined
    if (method !== undefined && !methods.has(method.id)) methods.set(method.id, method)
  }
  return [...methods.values()]
}

export function knownLogins(methods: readonly LoginMethod[]): readonly KnownLogin[] {
  return methods.map(({ id, name, kind }) => ({ id, name, kind }))
}

function methodOf(item: JsonObject): LoginMethod | undefined {
  const { id, type } = item
  // An id goes back as it came, so that it is not cut.
  if (typeof id !== 'string' || id === '' || id.length > TEXT_CHARS_MAX) return undefined
  const head = { id, name: textOf(item['name']) ?? id, description: textOf(item['description']) }
  if (type === undefined || type === null || type === 'agent') return { ...head, kind: 'agent' }
  if (type === 'terminal') {
    const args = textsOf(item['args'])
    const env = variablesOf(item['env'])
    if (args !== undefined && env !== undefined) return { ...head, kind: 'terminal', args, env }
  }
  return { ...head, kind: 'unsupported', type: textOf(type) ?? 'unknown', variables: variableNamesOf(item) }
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, TEXT_CHARS_MAX) : undefined
}

/** Undefined for what cannot be arguments of a program. */
function textsOf(value: Json | undefined): readonly string[] | undefined {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || value.length > ARGS_MAX) return undefined
  return value.every(isArgument) ? value : undefined
}

/** Undefined for what cannot be variables of a program. */
function variablesOf(value: Json | undefined): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return {}
  if (!isJsonObject(value)) return undefined
  const entries = Object.entries(value)
  if (entries.length > VARIABLES_MAX) return undefined
  const texts = entries.filter((entry): entry is [string, string] => isArgument(entry[1]) && isVariableName(entry[0]))
  return texts.length === entries.length ? Object.fromEntries(texts) : undefined
}

function isArgument(value: Json): value is string {
  return typeof value === 'string' && !value.includes('\0')
}

function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
}

/** Of methods whose login is a variable: older agents still send them. */
function variableNamesOf({ vars, varName }: JsonObject): readonly string[] {
  const listed = Array.isArray(vars) ? vars.map((item) => (isJsonObject(item) ? item['name'] : item)) : [varName]
  return listed.filter((name): name is string => typeof name === 'string' && isVariableName(name)).slice(0, 16)
}
