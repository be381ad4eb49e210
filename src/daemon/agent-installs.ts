// What the command line may do about agents besides the API: import a registry, install, uninstall. In the process of the command.

import { join } from 'node:path'

import { findCatalogEntry } from '../agent/catalog/catalog.ts'
import { systemClock } from '../base/clock.ts'
import { HoldfastError } from '../base/errors.ts'
import type { Environment } from '../config/environment.ts'
import { systemEnvironment } from '../config/environment.ts'
import { pathsOf } from '../config/paths.ts'
import { AgentStore } from '../install/agent-store.ts'
import type { InstallRecord } from '../install/agent-store.ts'
import { importRegistry } from '../install/import-registry.ts'
import { installAgent } from '../install/install-agent.ts'
import { planOfCatalog, planOfRegistry } from '../install/plan.ts'
import type { InstallPlan } from '../install/plan.ts'
import { uninstallAgent } from '../install/uninstall-agent.ts'

interface Wish {
  readonly name: string
  readonly version: string | undefined
  readonly allowScripts: boolean
  readonly signal: AbortSignal
}

export class AgentInstalls {
  readonly #env: Environment = systemEnvironment()
  readonly #store = new AgentStore(pathsOf(this.#env).stateDir)

  async importRegistry(source: string, signal: AbortSignal): Promise<{ names: string[]; known: string[] }> {
    const agents = await importRegistry(source, { store: this.#store, fetch, signal })
    const all = agents.map(({ id }) => id)
    const isKnown = (id: string): boolean => (findCatalogEntry(id)?.packages.length ?? 0) > 0
    return { names: all.filter((id) => !isKnown(id)), known: all.filter(isKnown) }
  }

  async install(wish: Wish): Promise<{
    name: string
    version: string
    program: string
    isNew: boolean
    sha256: string | undefined
    loginHelp: string | undefined
  }> {
    const plan = this.#plan(wish)
    const ports = { store: this.#store, clock: systemClock, fetch, env: this.#env, signal: wish.signal }
    const { record, isNew } = await installAgent(plan, ports)
    const loginHelp = findCatalogEntry(record.agent)?.login.how
    const program = this.#programOf(record)
    return { name: record.agent, version: record.version, program, isNew, sha256: record.sha256, loginHelp }
  }

  async uninstall(name: string): Promise<boolean> {
    return uninstallAgent(this.#store, findCatalogEntry(name)?.name ?? name)
  }

  /** AGENT_UNKNOWN; AGENT_INSTALL_FAILED when there is no way to install it. */
  #plan({ name, version, allowScripts }: Wish): InstallPlan {
    const wish = { version, allowScripts }
    const entry = findCatalogEntry(name)
    const names = entry === undefined ? [name] : [entry.name, ...(entry.aliases ?? [])]
    const imported = this.#store.imported().find(({ id }) => names.includes(id))
    // A registry may say how an agent is installed that Holdfast knows no package of; it is the same agent then.
    if (entry !== undefined && (entry.packages.length > 0 || imported === undefined)) return planOfCatalog(entry, wish)
    if (imported === undefined) throw new HoldfastError('AGENT_UNKNOWN', { agent: name })
    return planOfRegistry({ ...imported, id: entry?.name ?? name, title: entry?.title ?? imported.title }, wish)
  }

  #programOf({ key, program }: InstallRecord): string {
    return join(this.#store.packagesDir, key, program)
  }
}
