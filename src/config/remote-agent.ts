// An agent of the configuration that is not started here but reached over the network: its address and what is sent along.
// Credentials go over a protected connection, or over none.

import { HoldfastError } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import type { Environment } from './environment.ts'
import { invalid } from './invalid.ts'
import type { Place } from './invalid.ts'

export interface RemoteAgentOption {
  /** ws:, wss:, http: or https:. */
  readonly url: string
  /** A value `env:NAME` stands for the variable NAME of the gateway. */
  readonly headers: Readonly<Record<string, string>>
}

const PROTECTED = new Set(['wss:', 'https:'])
const PLAIN = new Set(['ws:', 'http:'])
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/
/** What a process is started with; none of it means anything elsewhere. */
const OF_PROCESSES = ['command', 'containment', 'env', 'files', 'memoryBytesMax', 'processesMax', 'terminals']
const OF_REMOTES = ['headers', 'insecure']
const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/
/** Those of the protocol and of the connection itself are set by the transport. */
const RESERVED =
  /^(accept|connection|content-.*|cookie|expect|host|keep-alive|last-event-id|te|trailer|transfer-encoding|upgrade|acp-.*|proxy-.*|sec-.*)$/i
const REFERENCE = /^env:([A-Za-z_][A-Za-z0-9_]*)$/
/** Printable ASCII: what a header may hold everywhere. */
const HEADER_VALUE = /^[\x20-\x7e]*$/

/** Undefined for an entry without `url`. CONFIG_INVALID naming the key; no value of it is in the error. */
export function readRemoteAgent(key: string, json: JsonObject, place: Place): RemoteAgentOption | undefined {
  if (json['url'] === undefined) {
    for (const field of OF_REMOTES)
      if (json[field] !== undefined) throw invalid(`${key}.${field}`, 'is for an agent with a url', place)
    return undefined
  }
  for (const field of OF_PROCESSES)
    if (json[field] !== undefined) throw invalid(`${key}.${field}`, 'is not for an agent with a url', place)
  const { insecure = false } = json
  if (typeof insecure !== 'boolean') throw invalid(`${key}.insecure`, 'must be true or false', place)
  const url = readUrl(`${key}.url`, json['url'], { insecure, place })
  return { url, headers: readHeaders(`${key}.headers`, json['headers'] ?? {}, place) }
}

function readUrl(key: string, json: Json, { insecure, place }: { insecure: boolean; place: Place }): string {
  const url = typeof json === 'string' && URL.canParse(json) ? new URL(json) : undefined
  if (url === undefined || !(PROTECTED.has(url.protocol) || PLAIN.has(url.protocol)))
    throw invalid(key, 'must be a complete address that begins with wss:, ws:, https: or http:', place)
  if (url.username !== '' || url.password !== '')
    throw invalid(key, 'must not hold a user or a password: put them into headers', place)
  if (url.hash !== '') throw invalid(key, 'must not hold a fragment (#)', place)
  if (PLAIN.has(url.protocol) && !LOOPBACK.test(url.hostname) && !insecure)
    throw invalid(key, 'is not encrypted: use wss: or https:, or say "insecure": true if the way there is safe', place)
  return url.href
}

function readHeaders(key: string, json: Json, place: Place): Readonly<Record<string, string>> {
  if (!isJsonObject(json)) throw invalid(key, 'must be an object of texts', place)
  for (const [name, value] of Object.entries(json)) {
    if (!HEADER.test(name)) throw invalid(`${key}.${name.slice(0, 100)}`, 'is not the name of a header', place)
    if (RESERVED.test(name)) throw invalid(`${key}.${name}`, 'is set by the connection itself', place)
    if (typeof value !== 'string' || !HEADER_VALUE.test(value))
      throw invalid(`${key}.${name}`, 'must be a text of printable ASCII characters', place)
  }
  return { ...(json as Record<string, string>) }
}

/** What is sent. AGENT_AUTH_REQUIRED when a variable is not set or cannot be sent: the name is told, never a value. */
export function remoteHeaders(
  own: Environment,
  agent: string,
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const variable = REFERENCE.exec(value)?.[1]
      return [name, variable === undefined ? value : valueOf(own, agent, variable)]
    }),
  )
}

function valueOf(own: Environment, agent: string, variable: string): string {
  const value = own[variable]?.trim() ?? ''
  if (value !== '' && HEADER_VALUE.test(value)) return value
  const reason = `the gateway has no usable value of the variable ${variable} for its headers`
  throw new HoldfastError('AGENT_AUTH_REQUIRED', { agent, reason })
}
