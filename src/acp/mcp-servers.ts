// MCP servers as ACP v1 names them, read leniently and written exactly: stdio without a type and with all its lists, http and sse with
// their headers (C-20). What is wrong is said by the place of the entry and the name of the field, never by a value: they hold secrets.

import type { Json, JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'

export type McpTransport = 'stdio' | 'http' | 'sse'

/** `entry` is what is sent. */
export interface McpServer {
  readonly name: string
  readonly transport: McpTransport
  readonly entry: JsonObject
}

export type NarrowedMcpServers =
  | { readonly kind: 'usable'; readonly servers: readonly McpServer[] }
  | { readonly kind: 'malformed'; readonly reason: string }

/** Missing and null are none (F-13); two servers of one name are malformed, for agents tell their tools apart by it. */
export function narrowMcpServers(json: Json | undefined): NarrowedMcpServers {
  if (json === undefined || json === null) return { kind: 'usable', servers: [] }
  if (!Array.isArray(json)) return { kind: 'malformed', reason: 'mcpServers is not a list' }
  const servers: McpServer[] = []
  for (const [index, item] of json.entries()) {
    const server = narrowServer(item)
    if (typeof server === 'string') return { kind: 'malformed', reason: `mcpServers[${index}] ${server}` }
    if (servers.some(({ name }) => name === server.name))
      return { kind: 'malformed', reason: `mcpServers[${index}] has the name of another one` }
    servers.push(server)
  }
  return { kind: 'usable', servers }
}

/** Of an entry that `narrowMcpServers` has made. */
export function transportOf({ type }: JsonObject): McpTransport {
  return type === 'http' || type === 'sse' ? type : 'stdio'
}

function narrowServer(item: Json): McpServer | string {
  if (!isJsonObject(item)) return 'is not an object'
  const { name, type = 'stdio', ...rest } = item
  if (typeof name !== 'string' || name === '') return 'has no name'
  if (type === 'stdio') return narrowCommand(name, rest)
  if (type === 'http' || type === 'sse') return narrowAddress(name, type, rest)
  return 'is of a type that is not known; there are stdio, http and sse'
}

function narrowCommand(name: string, { command, args = [], env = [], ...rest }: JsonObject): McpServer | string {
  if (typeof command !== 'string' || command === '') return 'has no command'
  if (!isTexts(args)) return 'has args that are not a list of texts'
  if (!isPairs(env)) return 'has an env that is not a list of names and values'
  return { name, transport: 'stdio', entry: { ...rest, name, command, args, env } }
}

function narrowAddress(
  name: string,
  transport: 'http' | 'sse',
  { url, headers = [], ...rest }: JsonObject,
): McpServer | string {
  if (typeof url !== 'string' || !URL.canParse(url)) return 'has no url'
  if (!isPairs(headers)) return 'has headers that are not a list of names and values'
  return { name, transport, entry: { ...rest, type: transport, name, url, headers } }
}

function isTexts(value: Json): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isPairs(value: Json): boolean {
  const isPair = (item: Json): boolean =>
    isJsonObject(item) && typeof item['name'] === 'string' && typeof item['value'] === 'string'
  return Array.isArray(value) && value.every(isPair)
}
