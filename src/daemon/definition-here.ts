// The agent that a name means, for a command that asks no gateway: as the configuration of this moment and what is installed say.

import type { AgentDefinition } from '../agent/definition.ts'
import { systemEnvironment } from '../config/environment.ts'
import type { Environment } from '../config/environment.ts'
import { LiveConfig } from '../config/live-config.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { pathsOf } from '../config/paths.ts'
import { AgentStore } from '../install/agent-store.ts'
import { LiveDefinitions } from './known-agents.ts'

export interface FoundDefinition {
  /** Undefined: no agent has that name. */
  readonly definition: AgentDefinition | undefined
  readonly config: Config
  readonly env: Environment
}

/** CONFIG_INVALID as the gateway. */
export function findDefinitionHere(name: string): FoundDefinition {
  const env = systemEnvironment()
  const paths = pathsOf(env)
  const config = loadConfig({ env, paths })
  const { stateDir } = paths
  const store = new AgentStore(stateDir)
  const definition = new LiveDefinitions({ live: new LiveConfig(config), env, stateDir, store }).find(name)
  return { definition, config, env }
}
