// Reads a document in the format of the public registry: every field that is used is checked, every field that is not known is left
// alone. A document is taken whole or not at all.

import { HoldfastError } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import type { ArchiveLaunch, PackageLaunch, RegistryAgent } from './registry-agent.ts'

const AGENTS_MAX = 2_000
const TEXT_CHARS_MAX = 2_000
const LIST_MAX = 100

const ID = /^[a-z][a-z0-9-]{0,63}$/
const VERSION = /^\d+\.\d+\.\d+[0-9A-Za-z.+-]{0,48}$/
const NPM_PACKAGE = /^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*(@[0-9A-Za-z.+-]{1,64})?$/
const PYTHON_PACKAGE =
  /^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]+\])?(==[0-9A-Za-z.+!-]{1,64}|@[0-9A-Za-z.+-]{1,64})?$/
const COMMAND = /^[A-Za-z0-9@_][A-Za-z0-9@._-]*$/
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Would change what everything the agent starts is, or where it looks. */
const KEPT_VARIABLES = new Set([
  'PATH',
  'HOME',
  'SHELL',
  'USER',
  'NODE_OPTIONS',
  'PYTHONPATH',
  'PYTHONSTARTUP',
  'BASH_ENV',
  'ENV',
])
const KEPT_PREFIXES = ['LD_', 'DYLD_', 'HOLDFAST_', 'npm_config_', 'NPM_CONFIG_', 'UV_']

/** Where in the document something is, as a path such as `agents[3].distribution.npx.package`. */
type Place = string

/** The agents of `text`. AGENT_IMPORT_FAILED naming the place of what is wrong; `source` is for the message. */
export function readRegistryDocument(text: string, source: string): RegistryAgent[] {
  const reader = new Reader(source)
  const json = reader.parse(text)
  const root = reader.object(json, 'the document')
  if (!Array.isArray(root['agents'])) reader.refuse('agents', 'must be a list of agents')
  if (typeof root['version'] !== 'string')
    reader.refuse('version', 'must be the version of the format, such as "1.0.0"')
  const listed = [...(root['agents'] as Json[]), ...(Array.isArray(root['extensions']) ? root['extensions'] : [])]
  if (listed.length > AGENTS_MAX) reader.refuse('agents', `has more than ${AGENTS_MAX} entries`)
  const count = (root['agents'] as Json[]).length
  const agents = listed.map((entry, i) => reader.agent(entry, i < count ? `agents[${i}]` : `extensions[${i - count}]`))
  const ids = new Set<string>()
  for (const [i, { id }] of agents.entries()) {
    if (ids.has(id)) reader.refuse(`agents[${i}].id`, `is there twice: ${id}`)
    ids.add(id)
  }
  return agents
}

class Reader {
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  refuse(place: Place, reason: string, cause?: unknown): never {
    const details = { source: this.#source, reason: `${place} ${reason}`, place }
    throw new HoldfastError('AGENT_IMPORT_FAILED', details, { cause })
  }

  parse(text: string): Json {
    try {
      return JSON.parse(text) as Json
    } catch (cause) {
      return this.refuse('the document', `is not JSON (${(cause as Error).message})`, cause)
    }
  }

  object(json: Json | undefined, place: Place): JsonObject {
    return isJsonObject(json) ? json : this.refuse(place, 'must be an object')
  }

  agent(json: Json, place: Place): RegistryAgent {
    const entry = this.object(json, place)
    const id = this.#text(entry['id'], `${place}.id`, ID)
    const title = this.#text(entry['name'], `${place}.name`)
    const version = this.#text(entry['version'], `${place}.version`, VERSION)
    const homepage = [entry['website'], entry['repository']].find((url) => typeof url === 'string' && isHttps(url))
    const at = `${place}.distribution`
    const distribution = this.object(entry['distribution'], at)
    const { npx, uvx, binary } = distribution
    if (npx === undefined && uvx === undefined && binary === undefined)
      this.refuse(at, 'must have at least one of npx, uvx, binary')
    return {
      id,
      title,
      version,
      homepage: homepage as string | undefined,
      npx: npx === undefined ? undefined : this.#launch(npx, `${at}.npx`, NPM_PACKAGE),
      uvx: uvx === undefined ? undefined : this.#launch(uvx, `${at}.uvx`, PYTHON_PACKAGE),
      binary: this.#archives(binary, `${at}.binary`),
    }
  }

  #launch(json: Json, place: Place, form: RegExp): PackageLaunch {
    const entry = this.object(json, place)
    const { cmd } = entry
    return {
      package: this.#text(entry['package'], `${place}.package`, form),
      cmd: cmd === undefined ? undefined : this.#text(cmd, `${place}.cmd`, COMMAND),
      args: this.#args(entry['args'], `${place}.args`),
      env: this.#env(entry['env'], `${place}.env`),
    }
  }

  #archives(json: Json | undefined, place: Place): ReadonlyMap<string, ArchiveLaunch> {
    if (json === undefined) return new Map()
    const targets = Object.entries(this.object(json, place)).filter(([, value]) => isJsonObject(value))
    return new Map(targets.map(([target, value]) => [target, this.#archive(value, `${place}.${target}`)]))
  }

  #archive(json: Json, place: Place): ArchiveLaunch {
    const entry = this.object(json, place)
    const archive = this.#text(entry['archive'], `${place}.archive`)
    if (!isHttps(archive)) this.refuse(`${place}.archive`, 'must be an https address')
    const { sha256 } = entry
    if (sha256 !== undefined && (typeof sha256 !== 'string' || !/^[0-9a-fA-F]{64}$/.test(sha256)))
      this.refuse(`${place}.sha256`, 'must have 64 hexadecimal digits')
    return {
      archive,
      cmd: this.#text(entry['cmd'], `${place}.cmd`),
      args: this.#args(entry['args'], `${place}.args`),
      env: this.#env(entry['env'], `${place}.env`),
      sha256: sha256?.toLowerCase(),
    }
  }

  #text(json: Json | undefined, place: Place, form?: RegExp): string {
    if (typeof json !== 'string' || json.trim() === '') return this.refuse(place, 'must be a text')
    if (json.length > TEXT_CHARS_MAX || json.includes('\0')) return this.refuse(place, 'is too long or has a NUL')
    if (form !== undefined && !form.test(json)) return this.refuse(place, `is not valid: ${json.slice(0, 80)}`)
    return json
  }

  #args(json: Json | undefined, place: Place): string[] {
    if (json === undefined) return []
    if (!Array.isArray(json) || json.length > LIST_MAX) return this.refuse(place, 'must be a list of texts')
    return json.map((arg, i) => {
      if (typeof arg !== 'string' || arg.includes('\0') || arg.length > TEXT_CHARS_MAX)
        return this.refuse(`${place}[${i}]`, 'must be a text')
      return arg
    })
  }

  /** Values of a stranger: none of them may name a variable of ours, or change how programs are found and loaded. */
  #env(json: Json | undefined, place: Place): Record<string, string> {
    if (json === undefined) return {}
    const entries = Object.entries(this.object(json, place))
    if (entries.length > LIST_MAX) this.refuse(place, `has more than ${LIST_MAX} variables`)
    for (const [name, value] of entries) {
      const at = `${place}.${name}`
      if (!VARIABLE.test(name)) this.refuse(at, 'is not the name of a variable')
      if (KEPT_VARIABLES.has(name) || KEPT_PREFIXES.some((prefix) => name.startsWith(prefix)))
        this.refuse(at, 'may not be set by a registry')
      if (typeof value !== 'string' || value.includes('\0')) this.refuse(at, 'must be a text')
      if (value.startsWith('env:')) this.refuse(at, 'may not refer to a variable of yours')
    }
    return Object.fromEntries(entries) as Record<string, string>
  }
}

function isHttps(text: string): boolean {
  return URL.parse(text)?.protocol === 'https:'
}
