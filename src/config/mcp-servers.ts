// The MCP servers of the configuration file: name -> a command, or an address. Only the file can define them, never a request, which
// names them; what they need to know that is secret is best kept in the environment.

import type { Json, JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import { suggestionFor } from '../base/suggestion.ts'
import { isNeverPassed, valueIn } from './agent-environment.ts'
import type { Environment } from './environment.ts'
import { invalid } from './invalid.ts'
import type { Place } from './invalid.ts'

export type McpServerOption = { readonly name: string } & (
  | {
      readonly type: 'stdio'
      /** argv; no shell. */
      readonly command: readonly [string, ...string[]]
      readonly env: Readonly<Record<string, string>>
    }
  | { readonly type: 'http' | 'sse'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
)

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/
const HEADER = /^[!#$%&'*+.^_`|~A-Za-z0-9-]+$/
const FIELDS = { stdio: ['command', 'env'], http: ['headers', 'type', 'url'] } as const

/** Reads one entry of `mcpServers`. CONFIG_INVALID naming the key, never a value. */
export function readMcpServer(name: string, json: Json, place: Place): McpServerOption {
  const key = `mcpServers.${name}`
  if (!NAME.test(name)) throw invalid(key, 'has a name with other characters than letters, digits, dot, dash', place)
  if (name === 'none') throw invalid(key, 'cannot be named none: the command line takes servers away with it', place)
  if (!isJsonObject(json)) throw invalid(key, 'must be an object with a command or a url', place)
  const isCommand = json['command'] !== undefined
  if (isCommand === (json['url'] !== undefined)) throw invalid(key, 'must have either a command or a url', place)
  const fields = isCommand ? FIELDS.stdio : FIELDS.http
  for (const field of Object.keys(json))
    if (!fields.includes(field as never)) throw unknownField(key, field, place, fields)
  if (isCommand) {
    const env = readValues(`${key}.env`, json['env'] ?? {}, place, (variable) => {
      if (!VARIABLE.test(variable)) return 'is not the name of a variable'
      return isNeverPassed(variable) ? 'is never given to an agent' : undefined
    })
    return { name, type: 'stdio', command: readCommand(key, json['command'], place), env }
  }
  const { type = 'http', url } = json
  if (type !== 'http' && type !== 'sse') throw invalid(`${key}.type`, 'must be http or sse', place)
  if (typeof url !== 'string' || !isAddress(url))
    throw invalid(`${key}.url`, 'must be an address with http or https', place)
  const headers = readValues(`${key}.headers`, json['headers'] ?? {}, place, (header) =>
    HEADER.test(header) ? undefined : 'is not the name of a header',
  )
  return { name, type, url, headers }
}

/** As ACP v1 has it, with the values of the environment (`env:NAME`) put in; one that is not set is left out. */
export function mcpServerEntry(own: Environment, server: McpServerOption): JsonObject {
  const { name } = server
  if (server.type !== 'stdio') return { type: server.type, name, url: server.url, headers: pairs(own, server.headers) }
  const [command, ...args] = server.command
  return { name, command, args, env: pairs(own, server.env) }
}

function pairs(own: Environment, values: Readonly<Record<string, string>>): JsonObject[] {
  return Object.entries(values).flatMap(([name, given]) => {
    const value = valueIn(own, given)
    return value === undefined ? [] : [{ name, value }]
  })
}

function readCommand(key: string, json: Json | undefined, place: Place): readonly [string, ...string[]] {
  const [program, ...rest] = Array.isArray(json) ? json : []
  const isText = (item: Json | undefined): item is string => typeof item === 'string' && !item.includes('\0')
  if (isText(program) && program !== '' && rest.every(isText)) return [program, ...rest]
  throw invalid(`${key}.command`, 'must be a list of texts: the program, then its arguments', place)
}

function readValues(
  key: string,
  json: Json,
  place: Place,
  problemOf: (name: string) => string | undefined,
): Readonly<Record<string, string>> {
  if (!isJsonObject(json)) throw invalid(key, 'must be an object of texts', place)
  for (const [name, value] of Object.entries(json)) {
    const problem = problemOf(name)
    if (problem !== undefined) throw invalid(`${key}.${name}`, problem, place)
    if (typeof value !== 'string' || /[\0\r\n]/.test(value))
      throw invalid(`${key}.${name}`, 'must be a text of one line', place)
  }
  return { ...(json as Record<string, string>) }
}

function isAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

function unknownField(key: string, field: string, place: Place, fields: readonly string[]): Error {
  const meant = suggestionFor(field, fields)
  return invalid(`${key}.${field}`, `is not known${meant === undefined ? '' : ` (did you mean ${meant}?)`}`, place)
}
