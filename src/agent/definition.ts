// How an agent is started: what the configuration says about it. Commands come from files only, never over the network.

import { createHash } from 'node:crypto'

import type { SpawnSpec } from '../keeper/agent-host.ts'

export type FileAccess = 'none' | 'read' | 'write'

export interface AgentDefinition {
  readonly name: string
  readonly title: string
  /** argv array; no shell. argv[0] is resolved in the PATH the agent gets. */
  readonly argv: readonly [string, ...string[]]
  /** Added to the allow-listed environment. */
  readonly env: Readonly<Record<string, string>>
  /** True: commands in terminals are offered to it (reliability 7.1: off unless configured). */
  readonly terminals?: boolean | undefined
  /** Files of its sessions that it gets from us: none, to read, to read and write. Absent: none (reliability 7.1). */
  readonly files?: FileAccess | undefined
  /** What holds its processes together beyond tag and sweep; undefined: nothing. */
  readonly containment?: SpawnSpec['containment']
  /** Of its sessions that do not choose one; `ask` if absent. Nothing a process is started with. */
  readonly permissionMode?: 'ask' | 'approve-reads' | 'approve-all' | 'deny-all'
  /**
   * Where the definition came from: known by name, written by a person, of an imported registry, or of what Holdfast installed itself.
   */
  readonly source: 'built-in' | 'config' | 'imported' | 'installed'
  /** Our own agent, which is given what is meant for it without being asked. */
  readonly isBundled?: boolean
}

/** Of everything that decides what the process is. Two definitions with one digest can stand in for each other. */
export function definitionDigest({
  argv,
  env,
  terminals = false,
  files = 'none',
  containment,
}: AgentDefinition): string {
  const variables = Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([argv, variables, terminals, files, containment]))
    .digest('hex')
}
