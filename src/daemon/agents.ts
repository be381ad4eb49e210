// Which agents this gateway can start: the bundled one, and those of the configuration file.

import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

import type { AgentDefinition } from '../agent/definition.ts'
import { agentEnvironment } from '../config/agent-environment.ts'
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'

export const DEMO_AGENT = 'demo'

/** Beside us in a checkout (TypeScript) and in a published package (JavaScript): the suffix is our own. */
const DEMO_MAIN = fileURLToPath(
  import.meta.resolve(`../demo-agent/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`),
)

/** By name; an agent of the file replaces a built-in one of the same name. */
export function listAgentDefinitions(config: Config, stateDir: string): ReadonlyMap<string, AgentDefinition> {
  const demo: AgentDefinition = {
    name: DEMO_AGENT,
    title: 'Demo agent (no model, no key)',
    argv: [process.execPath, DEMO_MAIN],
    env: { HOLDFAST_DEMO_STATE: join(stateDir, 'demo-agent') },
    source: 'built-in',
  }
  const definitions = new Map([[demo.name, demo]])
  for (const { name, title, command, env } of config.agentDefinitions.values()) {
    definitions.set(name, { name, title, argv: command, env, source: 'config' })
  }
  return definitions
}

/** The complete environment of an agent. Only what we bundle may be given variables of ours. */
export function environmentOf(own: Environment, definition: AgentDefinition): Record<string, string> {
  if (definition.source === 'config') return agentEnvironment(own, definition.env)
  return { ...agentEnvironment(own, {}), ...definition.env }
}
