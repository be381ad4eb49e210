// The agents that Holdfast knows by name, and what follows from an entry. Data only: looks at nothing and starts nothing.

import type { CatalogEntry } from './entry.ts'
import { NAMED_AGENTS } from './named-agents.ts'
import { TRIED_AGENTS } from './tried-agents.ts'

/** By name, sorted. */
export const CATALOG: readonly CatalogEntry[] = [...TRIED_AGENTS, ...NAMED_AGENTS].toSorted((a, b) =>
  a.name < b.name ? -1 : 1,
)

const BY_NAME = new Map(CATALOG.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])].map((name) => [name, entry])))

/** Of a name or another name of it. */
export function findCatalogEntry(name: string): CatalogEntry | undefined {
  return BY_NAME.get(name)
}

/** `env` of its definition: what it is always given, and the variables of the gateway that are meant for it and for nobody else. */
export function catalogEnvironment({ env = {}, passes = [], login }: CatalogEntry): Record<string, string> {
  const passed = [...login.variables, ...passes].map((name) => [name, `env:${name}`])
  return { ...(Object.fromEntries(passed) as Record<string, string>), ...env }
}
