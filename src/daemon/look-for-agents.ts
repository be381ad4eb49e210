// What can be seen of all agents of the gateway without starting one: with the environment that each would be started with.

import { findCatalogEntry } from '../agent/catalog/catalog.ts'
import { detectAgents } from '../agent/catalog/detect.ts'
import type { Candidate } from '../agent/catalog/detect.ts'
import type { CommandAgent } from '../agent/definition.ts'
import type { AgentPresence } from '../api/ports.ts'
import type { Environment } from '../config/environment.ts'
import { environmentOf } from './agents.ts'
import type { LiveDefinitions } from './known-agents.ts'

interface Parts {
  readonly definitions: LiveDefinitions
  readonly env: Environment
  /** Of Holdfast, which is that of its own agent. */
  readonly version: string
}

/** By name; of remote agents nothing can be seen. At most a second, then what is not known yet is unknown; never rejects. */
export async function lookForAgents({ definitions, env, version }: Parts): Promise<ReadonlyMap<string, AgentPresence>> {
  const all = [...definitions.current.values()].filter((definition) => definition.remote === undefined)
  const versionOf = (definition: CommandAgent): string | undefined =>
    definition.isBundled === true ? version : definitions.recordOf(definition)?.version
  const candidates = all.map((definition): Candidate => ({
    name: definition.name,
    command: definition.argv[0],
    env: environmentOf(env, definition),
    login: definition.isBundled === true ? OWN_LOGIN : findCatalogEntry(definition.name)?.login,
    version: versionOf(definition),
  }))
  const found = await detectAgents(candidates)
  return new Map(
    candidates.map(({ name, login }) => {
      const { installed = 'unknown', version: one, login: isLoggedIn = 'unknown' } = found.get(name) ?? {}
      const homepage = findCatalogEntry(name)?.homepage ?? definitions.homepageOf(name)
      return [name, { installed, version: one, login: isLoggedIn, loginHelp: login?.how, homepage }]
    }),
  )
}

const OWN_LOGIN = {
  variables: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_API_KEY', 'OPENAI_BASE_URL'],
  files: [],
  isAll: false,
  how: 'set ANTHROPIC_API_KEY or another key of docs/agent.md; without one it answers offline',
}
