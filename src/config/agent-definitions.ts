// The agents of the configuration file: name -> command, environment, title. Only the file can define them, never a request.

import type { Json, JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import { isForBuiltIn, isNeverPassed } from './agent-environment.ts'
import type { Config } from './config.ts'
import type { ContainmentFields, ContainmentMode } from './containment.ts'
import { invalid } from './invalid.ts'
import type { Place } from './invalid.ts'
import { readRemoteAgent } from './remote-agent.ts'
import type { RemoteAgentOption } from './remote-agent.ts'
import { valueOfJson } from './option-value.ts'
import { OPTIONS } from './options.ts'
import { suggestionFor } from '../base/suggestion.ts'

const FILE_ACCESSES = ['none', 'read', 'write'] as const
type FileAccess = (typeof FILE_ACCESSES)[number]

export interface AgentOption extends ContainmentFields {
  readonly name: string
  readonly title: string
  /** argv; no shell. Undefined: a remote agent, or the agent that comes with us, with what else is said here. */
  readonly command: readonly [string, ...string[]] | undefined
  /** Where it is, when it is not started here. */
  readonly remote: RemoteAgentOption | undefined
  readonly env: Readonly<Record<string, string>>
  /** Processes that are started and initialised before a session needs them. */
  readonly spares: number
  /** Whether it is offered to run commands in terminals of the gateway. */
  readonly terminals: boolean
  /** Which files of its sessions it is offered through the gateway. */
  readonly files: FileAccess
  /** The versions of ACP that it is offered. */
  readonly protocol: 1 | 2 | 'auto'
  /** Of its sessions that do not choose one; undefined: as for all. */
  readonly permissionMode: Config['permissions']['mode'] | undefined
}

/** The agent that comes with us: its entry needs no command. */
export const BUILT_IN_AGENT = { name: 'holdfast', title: 'Holdfast agent' } as const

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/
const FIELDS = [
  'command',
  'containment',
  'env',
  'files',
  'headers',
  'insecure',
  'memoryBytesMax',
  'permissionMode',
  'processesMax',
  'protocol',
  'spares',
  'terminals',
  'title',
  'url',
]
const SPARES_MAX = 8

/** Reads one entry of `agents`. CONFIG_INVALID naming the key. */
export function readAgent(name: string, json: Json, place: Place, optionNames: readonly string[]): AgentOption {
  const key = `agents.${name}`
  if (!isJsonObject(json)) {
    const meant = suggestionFor(name, optionNames)
    const hint = meant === undefined ? '' : ` (did you mean agents.${meant}?)`
    throw invalid(key, `must be an object with a command or a url${hint}`, place)
  }
  if (!NAME.test(name)) throw invalid(key, 'has a name with other characters than letters, digits, dot, dash', place)
  for (const field of Object.keys(json)) if (!FIELDS.includes(field)) throw unknownField(key, field, place)
  const remote = readRemoteAgent(key, json, place)
  const isBuiltIn = name === BUILT_IN_AGENT.name && json['command'] === undefined && remote === undefined
  const { title = isBuiltIn ? BUILT_IN_AGENT.title : ((remote && new URL(remote.url).host) ?? name) } = json
  if (typeof title !== 'string' || title.trim() === '') throw invalid(`${key}.title`, 'must be a text', place)
  const command = isBuiltIn || remote !== undefined ? undefined : readCommand(key, json['command'], place)
  const env = readEnv(key, json['env'] ?? {}, place, isBuiltIn)
  const spares = readSpares(key, json['spares'] ?? 0, place)
  const { terminals = false } = json
  if (typeof terminals !== 'boolean') throw invalid(`${key}.terminals`, 'must be true or false', place)
  const files = readFiles(key, json['files'] ?? 'none', place)
  const permissionMode = readPermissionMode(key, json['permissionMode'], place)
  const { protocol = 1 } = json
  if (!isProtocol(protocol)) throw invalid(`${key}.protocol`, 'must be 1, 2 or "auto"', place)
  return {
    name,
    title,
    command,
    remote,
    env,
    spares,
    terminals,
    files,
    protocol,
    permissionMode,
    ...readContainment(key, json, place),
  }
}

/** The same values as the options of all agents take. */
function readContainment(key: string, json: JsonObject, place: Place): ContainmentFields {
  const read = (field: keyof ContainmentFields) => {
    const value = json[field]
    return value === undefined
      ? undefined
      : valueOfJson(`${key}.${field}`, OPTIONS[`agents.${field}`].type, value, place)
  }
  return {
    containment: read('containment') as ContainmentMode | undefined,
    memoryBytesMax: read('memoryBytesMax') as number | undefined,
    processesMax: read('processesMax') as number | undefined,
  }
}

function readPermissionMode(key: string, json: Json | undefined, place: Place): AgentOption['permissionMode'] {
  if (json === undefined) return undefined
  const value = valueOfJson(`${key}.permissionMode`, OPTIONS['permissions.mode'].type, json, place)
  return value as AgentOption['permissionMode']
}

function isProtocol(value: Json): value is AgentOption['protocol'] {
  return value === 1 || value === 2 || value === 'auto'
}

function readSpares(key: string, json: Json, place: Place): number {
  if (typeof json === 'number' && Number.isInteger(json) && json >= 0 && json <= SPARES_MAX) return json
  throw invalid(`${key}.spares`, `must be a whole number from 0 to ${SPARES_MAX}`, place)
}

function readFiles(key: string, json: Json, place: Place): FileAccess {
  return valueOfJson(`${key}.files`, { kind: 'choice', values: FILE_ACCESSES }, json, place) as FileAccess
}

function readCommand(key: string, json: Json | undefined, place: Place): readonly [string, ...string[]] {
  const [program, ...rest] = Array.isArray(json) ? json : []
  const isText = (item: Json | undefined): item is string => typeof item === 'string' && !item.includes('\0')
  if (isText(program) && program !== '' && rest.every(isText)) return [program, ...rest]
  throw invalid(`${key}.command`, 'must be a list of texts: the program, then its arguments; or give a url', place)
}

/** Variables that are ours alone go to no other agent than ours. */
function readEnv(key: string, json: Json, place: Place, isBuiltIn: boolean): Readonly<Record<string, string>> {
  if (!isJsonObject(json)) throw invalid(`${key}.env`, 'must be an object of texts', place)
  for (const [name, value] of Object.entries(json)) {
    if (!VARIABLE.test(name)) throw invalid(`${key}.env.${name}`, 'is not the name of a variable', place)
    if (isNeverPassed(name) && !(isBuiltIn && isForBuiltIn(name)))
      throw invalid(`${key}.env.${name}`, 'is never given to an agent', place)
    if (typeof value !== 'string' || value.includes('\0')) throw invalid(`${key}.env.${name}`, 'must be a text', place)
  }
  return { ...(json as Record<string, string>) }
}

function unknownField(key: string, field: string, place: Place): Error {
  const meant = suggestionFor(field, FIELDS)
  return invalid(`${key}.${field}`, `is not known${meant === undefined ? '' : ` (did you mean ${meant}?)`}`, place)
}
