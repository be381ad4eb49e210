// Loads the configuration: defaults, then the file, then the environment, then flags. Unknown keys are errors.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { HoldfastError } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import { assembleConfig, sectionOf } from './assemble.ts'
import type { GivenOption } from './assemble.ts'
import { readAgent } from './agent-definitions.ts'
import type { AgentOption } from './agent-definitions.ts'
import type { Config } from './config.ts'
import { checkContainment } from './containment.ts'
import type { Environment } from './environment.ts'
import { inFile, invalid } from './invalid.ts'
import type { Place } from './invalid.ts'
import { JsoncError, readJsonc } from './jsonc.ts'
import type { JsoncDocument } from './jsonc.ts'
import { readMcpServer } from './mcp-servers.ts'
import type { McpServerOption } from './mcp-servers.ts'
import type { Option, Origin } from './option.ts'
import { valueOfJson, valueOfText } from './option-value.ts'
import type { OptionValue } from './option-value.ts'
import { OPTIONS } from './options.ts'
import type { OptionName } from './options.ts'
import type { Paths } from './paths.ts'
import { suggestionFor } from '../base/suggestion.ts'

export interface ConfigSources {
  readonly env: Environment
  readonly paths: Paths
  /** Flags as typed, by long name without dashes; `config` names the file. */
  readonly flags?: Readonly<Record<string, string>>
}

/** The frozen configuration. CONFIG_INVALID naming file (or variable, or flag) and key. */
export function loadConfig({ env, paths, flags = {} }: ConfigSources): Config {
  const draft = new Draft()
  const file = fileOf(env, paths, flags)
  const content = readConfigFile(file)
  const place: Place = { origin: 'file', name: file.path, placeOf: (key) => content?.placeOf(key) }
  if (content !== undefined) readFile(draft, content.json, place)
  readEnvironment(draft, env)
  readFlags(draft, flags)
  const config = draft.finish(content === undefined ? undefined : file.path)
  checkLimits(config, content === undefined ? { origin: 'env', name: 'the environment' } : place)
  return config
}

/** A limit can be given in one place and what would enforce it in another. */
function checkLimits({ agents, agentDefinitions }: Config, place: Place): void {
  checkContainment(agents, {}, 'agents', place)
  for (const [name, agent] of agentDefinitions) checkContainment(agents, agent, `agents.${name}`, place)
}

const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[]
const SECTIONS = [...new Set(OPTION_NAMES.map((name) => sectionOf(name)))]

/** As the agents are, a map that only the file can fill. */
const MCP_SERVERS = 'mcpServers'

class Draft {
  readonly #values = new Map<OptionName, GivenOption>()
  readonly agents = new Map<string, AgentOption>()
  readonly mcpServers = new Map<string, McpServerOption>()

  constructor() {
    for (const name of OPTION_NAMES) this.#values.set(name, { value: OPTIONS[name].default, origin: 'default' })
  }

  set(name: OptionName, value: OptionValue, origin: Origin): void {
    this.#values.set(name, { value: Array.isArray(value) ? Object.freeze([...value]) : value, origin })
  }

  finish(file: string | undefined): Config {
    return assembleConfig({ options: this.#values, agents: this.agents, mcpServers: this.mcpServers, file })
  }
}

interface ConfigFile {
  readonly path: string
  /** Named by somebody: then it must exist. */
  readonly isNamed: boolean
}

function fileOf(env: Environment, paths: Paths, flags: Readonly<Record<string, string>>): ConfigFile {
  const named = flags['config'] ?? (env['HOLDFAST_CONFIG'] === '' ? undefined : env['HOLDFAST_CONFIG'])
  return named === undefined ? { path: paths.configFile, isNamed: false } : { path: resolve(named), isNamed: true }
}

interface FileContent extends Pick<JsoncDocument, 'placeOf'> {
  readonly json: JsonObject
}

function readConfigFile({ path, isNamed }: ConfigFile): FileContent | undefined {
  const text = readText(path, isNamed)
  if (text === undefined) return undefined
  const { value: json, placeOf } = readDocument(text, path)
  if (isJsonObject(json)) return { json, placeOf }
  throw new HoldfastError('CONFIG_INVALID', { reason: 'the file must hold one object', file: path })
}

function readDocument(text: string, path: string): JsoncDocument {
  try {
    return readJsonc(text)
  } catch (cause) {
    if (!(cause instanceof JsoncError)) throw cause
    throw new HoldfastError('CONFIG_INVALID', { reason: cause.message, file: inFile(path, cause.place) }, { cause })
  }
}

function readText(path: string, isNamed: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' && !isNamed) return undefined
    throw new HoldfastError('CONFIG_INVALID', { reason: `the file cannot be read (${code})`, file: path }, { cause })
  }
}

function readFile(draft: Draft, json: JsonObject, place: Place): void {
  for (const [section, content] of Object.entries(json)) {
    if (section === '$schema') continue
    if (isOptionName(section)) throw invalid(section, `must be nested: ${nested(section)}`, place)
    if (!SECTIONS.includes(section) && section !== MCP_SERVERS)
      throw unknownKey(section, [...SECTIONS, MCP_SERVERS], place)
    if (!isJsonObject(content)) throw invalid(section, 'must be an object', place)
    if (section === MCP_SERVERS) {
      for (const [name, one] of Object.entries(content)) draft.mcpServers.set(name, readMcpServer(name, one, place))
      continue
    }
    for (const entry of keysOf(section, content)) readKey(draft, section, entry, place)
  }
}

/** The keys of a section; those of an object in it, such as a lane, are named by both. */
function keysOf(section: string, content: JsonObject): { key: string; value: Json }[] {
  return Object.entries(content).flatMap(([key, value]) => {
    const isGroup = OPTION_NAMES.some((name) => name.startsWith(`${section}.${key}.`))
    if (!isGroup || !isJsonObject(value)) return [{ key, value }]
    return Object.entries(value).map(([inner, one]) => ({ key: `${key}.${inner}`, value: one }))
  })
}

function readKey(draft: Draft, section: string, { key, value }: { key: string; value: Json }, place: Place): void {
  const name = `${section}.${key}`
  const inSection = OPTION_NAMES.filter((option) => sectionOf(option) === section)
  if (isOptionName(name)) draft.set(name, valueOfJson(name, optionOf(name).type, value, place), 'file')
  else if (section === 'agents') {
    const keys = inSection.map((option) => option.slice('agents.'.length))
    draft.agents.set(key, readAgent(key, value, place, keys))
  } else throw unknownKey(name, inSection, place)
}

function readEnvironment(draft: Draft, env: Environment): void {
  for (const name of OPTION_NAMES) {
    const { env: variable, type } = optionOf(name)
    const text = env[variable]
    if (text === undefined || text === '') continue
    draft.set(name, valueOfText(name, type, text, { origin: 'env', name: variable }), 'env')
  }
}

function readFlags(draft: Draft, flags: Readonly<Record<string, string>>): void {
  for (const [flag, text] of Object.entries(flags)) {
    if (flag === 'config') continue
    const name = OPTION_NAMES.find((option) => optionOf(option).flag === flag)
    const place: Place = { origin: 'flag', name: `--${flag}` }
    if (name === undefined) throw invalid(`--${flag}`, 'is not a flag', place)
    draft.set(name, valueOfText(name, optionOf(name).type, text, place), 'flag')
  }
}

function unknownKey(key: string, known: readonly string[], place: Place): HoldfastError {
  const meant = suggestionFor(key, known)
  return invalid(key, `is not known${meant === undefined ? '' : ` (did you mean ${meant}?)`}`, place)
}

function nested(name: OptionName): string {
  const section = sectionOf(name)
  return `{ "${section}": { "${name.slice(section.length + 1)}": … } }`
}

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name)
}

function optionOf(name: OptionName): Option {
  return OPTIONS[name]
}
