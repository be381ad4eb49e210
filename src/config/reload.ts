// What a configuration that was read again changes in a gateway that runs: which options hold from now on, which need a restart.
// Pure: reads nothing and applies nothing.

import { isDeepStrictEqual } from 'node:util'

import { assembleConfig, givenOption } from './assemble.ts'
import type { GivenOption } from './assemble.ts'
import type { Config } from './config.ts'
import type { Option } from './option.ts'
import type { OptionValue } from './option-value.ts'
import { OPTIONS } from './options.ts'
import type { OptionName } from './options.ts'

export interface OptionChange {
  readonly name: OptionName
  readonly from: OptionValue | undefined
  readonly to: OptionValue | undefined
}

/** Of an entry of a map that only the file can fill. */
export interface EntryChange {
  readonly name: string
  readonly change: 'added' | 'changed' | 'removed'
}

export interface ConfigChange {
  /** Hold from now on. */
  readonly applied: readonly OptionChange[]
  /** Hold from the next start on; until then the gateway goes on as it was started. */
  readonly pending: readonly OptionChange[]
  readonly agents: readonly EntryChange[]
  readonly mcpServers: readonly EntryChange[]
}

/** The configuration that is in force after a reload, and how it differs from the one before. */
export function reloadConfig(
  running: Config,
  read: Config,
): { readonly config: Config; readonly change: ConfigChange } {
  const options = new Map<OptionName, GivenOption>()
  const applied: OptionChange[] = []
  const pending: OptionChange[] = []
  for (const [name, { reload }] of Object.entries<Option>(OPTIONS) as [OptionName, Option][]) {
    const before = givenOption(running, name)
    const after = givenOption(read, name)
    options.set(name, reload ? after : before)
    if (isDeepStrictEqual(before.value, after.value)) continue
    const change = { name, from: before.value, to: after.value }
    if (reload) applied.push(change)
    else pending.push(change)
  }
  const config = assembleConfig({
    options,
    agents: read.agentDefinitions,
    mcpServers: read.mcpServers,
    file: read.file,
  })
  const agents = changedEntries(running.agentDefinitions, read.agentDefinitions)
  const mcpServers = changedEntries(running.mcpServers, read.mcpServers)
  return { config, change: { applied, pending, agents, mcpServers } }
}

function changedEntries(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): EntryChange[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].flatMap((name): EntryChange[] => {
    if (!before.has(name)) return [{ name, change: 'added' }]
    if (!after.has(name)) return [{ name, change: 'removed' }]
    return isDeepStrictEqual(before.get(name), after.get(name)) ? [] : [{ name, change: 'changed' }]
  })
}
