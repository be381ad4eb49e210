// How an agent is started: what the configuration says about it. Commands come from files only, never over the network.

import type { SpawnSpec } from '../keeper/agent-host.ts'

export interface AgentDefinition {
  readonly name: string
  readonly title: string
  /** argv array; no shell. argv[0] is resolved in the PATH the agent gets. */
  readonly argv: readonly [string, ...string[]]
  /** Added to the allow-listed environment. */
  readonly env: Readonly<Record<string, string>>
  /** False: commands in terminals are not offered to it. */
  readonly terminals?: boolean | undefined
  /** What holds its processes together beyond tag and sweep; undefined: nothing. */
  readonly containment?: SpawnSpec['containment']
  /** Where the definition came from, for `holdfast agents`. */
  readonly source: 'built-in' | 'config'
}
