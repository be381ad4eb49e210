// Agents that nobody has to configure: those that Holdfast knows by name, those of an imported registry, and what is installed of both.
// What stands in the configuration comes first, then what Holdfast knows, then the registry: no registry changes what a name means.

import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { CATALOG, catalogEnvironment, findCatalogEntry } from '../agent/catalog/catalog.ts'
import type { CatalogEntry } from '../agent/catalog/entry.ts'
import type { AgentDefinition, CommandAgent } from '../agent/definition.ts'
import type { Config } from '../config/config.ts'
import { containmentOf } from '../config/containment.ts'
import type { Environment } from '../config/environment.ts'
import type { LiveConfig } from '../config/live-config.ts'
import type { AgentStore, InstallRecord } from '../install/agent-store.ts'
import type { RegistryAgent } from '../install/registry-agent.ts'
import { listAgentDefinitions } from './agents.ts'
import type { Definitions } from './agents.ts'

interface Parts {
  readonly live: LiveConfig
  readonly env: Environment
  readonly stateDir: string
  readonly store: AgentStore
}

/** Those of the newest configuration and of what is installed right now: an installation needs no reload. */
export class LiveDefinitions implements Definitions {
  readonly #parts: Parts
  #config: Config | undefined
  #stamp = ''
  #current: ReadonlyMap<string, AgentDefinition> = new Map()
  #homepages: ReadonlyMap<string, string> = new Map()
  #records: ReadonlyMap<string, InstallRecord> = new Map()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get current(): ReadonlyMap<string, AgentDefinition> {
    this.#look()
    return this.#current
  }

  /** By name, or by another name that people know it by. */
  find(name: string): AgentDefinition | undefined {
    const { current } = this
    return current.get(name) ?? current.get(findCatalogEntry(name)?.name ?? name)
  }

  /** Of an agent that is installed by us and started so. */
  recordOf({ name, source }: AgentDefinition): InstallRecord | undefined {
    return source === 'installed' ? this.#records.get(name) : undefined
  }

  /** Where an imported registry says that the agent is at home. */
  homepageOf(name: string): string | undefined {
    return this.#homepages.get(name)
  }

  #look(): void {
    const { live, env, stateDir, store } = this.#parts
    const stamp = store.stamp()
    if (live.current === this.#config && stamp === this.#stamp) return
    const records = store.records()
    const imported = store.imported()
    const definitions = new Map(listAgentDefinitions(live.current, stateDir))
    for (const known of listKnownAgents({ config: live.current, env, store, imported, records }))
      if (!definitions.has(known.name)) definitions.set(known.name, known)
    this.#config = live.current
    this.#stamp = stamp
    this.#records = records
    this.#homepages = new Map(imported.flatMap(({ id, homepage }) => (homepage === undefined ? [] : [[id, homepage]])))
    this.#current = definitions
  }
}

interface Known {
  readonly config: Config
  readonly env: Environment
  readonly store: AgentStore
  readonly imported: readonly RegistryAgent[]
  readonly records: ReadonlyMap<string, InstallRecord>
}

function listKnownAgents({ config, env, store, imported: registry, records }: Known): CommandAgent[] {
  const terms = { containment: containmentOf(config.agents, {}), permissionMode: config.permissions.mode }
  const searchPath = env['PATH'] ?? ''
  const known = CATALOG.map((entry) => fromCatalog(entry, searchPath))
  const imported = registry.flatMap((agent) => fromRegistry(agent, searchPath))
  const names = new Set([...known, ...imported].map(({ name }) => name))
  // One that was imported once, installed, and is gone from the registry.
  const others = [...records.values()]
    .filter(({ agent }) => !names.has(agent))
    .map(({ agent, title }): Start => ({ name: agent, title, argv: [agent], env: {}, source: 'installed' }))
  return [...known, ...imported, ...others].map((start) => {
    const record = records.get(start.name)
    return { ...terms, ...(record === undefined ? start : installedAs(start, record, { store, searchPath })) }
  })
}

type Start = Pick<CommandAgent, 'name' | 'title' | 'argv' | 'env' | 'source'>

const HERE = fileURLToPath(import.meta.url)

/** Of the installation that we run in, for who keeps the agents beside us; in a checkout its own. */
const OWN_PROGRAMS = join(/^(.*\/node_modules)\//.exec(HERE)?.[1] ?? join(dirname(HERE), '../../node_modules'), '.bin')

function fromCatalog(entry: CatalogEntry, searchPath: string): Start {
  const { name, title, argv } = entry
  const env = { ...catalogEnvironment(entry), PATH: joinPath(searchPath, OWN_PROGRAMS) }
  return { name, title, argv, env, source: 'built-in' }
}

/** Nothing of a registry is started before it is installed: until then its command is the name of the agent, which is in no PATH. */
function fromRegistry(agent: RegistryAgent, searchPath: string): Start[] {
  const { id: name, title, npx, uvx } = agent
  if (findCatalogEntry(name) !== undefined) return []
  const { cmd = name, args = [], env = {} } = npx ?? uvx ?? {}
  return [{ name, title, argv: [cmd, ...args], env: { ...env, PATH: searchPath }, source: 'imported' }]
}

/** The program of the record, with what lies beside it first in its PATH, then our own Node. */
function installedAs(
  start: Start,
  record: InstallRecord,
  { store, searchPath }: { readonly store: AgentStore; readonly searchPath: string },
): Start {
  const root = join(store.packagesDir, record.key)
  const beside = record.binDirectories.map((directory) => join(root, directory))
  const env = { ...start.env, ...record.env, PATH: joinPath(...beside, dirname(process.execPath), searchPath) }
  return { ...start, argv: [join(root, record.program), ...record.args], env, source: 'installed' }
}

function joinPath(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(delimiter)
}
