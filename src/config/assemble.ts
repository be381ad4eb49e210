// Values of the option table as the nested, frozen configuration, and back.

import type { AgentOption } from './agent-definitions.ts'
import type { Config } from './config.ts'
import type { McpServerOption } from './mcp-servers.ts'
import type { Origin } from './option.ts'
import type { OptionValue } from './option-value.ts'
import type { OptionName } from './options.ts'

export interface GivenOption {
  readonly value: OptionValue | undefined
  readonly origin: Origin
}

export interface ConfigParts {
  readonly options: ReadonlyMap<OptionName, GivenOption>
  readonly agents: ReadonlyMap<string, AgentOption>
  readonly mcpServers: ReadonlyMap<string, McpServerOption>
  readonly file: string | undefined
}

export function assembleConfig({ options, agents, mcpServers, file }: ConfigParts): Config {
  const slices: Record<string, Record<string, unknown>> = {}
  const origins: Record<string, Origin> = {}
  for (const [name, { value, origin }] of options) {
    const section = sectionOf(name)
    slices[section] ??= {}
    slices[section][fieldOf(name)] = value
    origins[name] = origin
  }
  for (const slice of Object.values(slices)) Object.freeze(slice)
  const rest = { agentDefinitions: agents, mcpServers, origins: Object.freeze(origins), file }
  return Object.freeze({ ...slices, ...rest }) as unknown as Config
}

export function givenOption(config: Config, name: OptionName): GivenOption {
  const slice = config[sectionOf(name) as 'http'] as Readonly<Record<string, OptionValue | undefined>>
  return { value: slice[fieldOf(name)], origin: config.origins[name] }
}

export function sectionOf(name: string): string {
  return name.slice(0, name.indexOf('.'))
}

function fieldOf(name: string): string {
  return name.slice(name.indexOf('.') + 1)
}
