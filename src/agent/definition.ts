// How an agent is started: what the configuration says about it. Commands come from files only, never over the network.

import { createHash } from 'node:crypto'

import type { ProtocolVersion } from '../acp/initialize.ts'
import type { RemoteTarget, SpawnSpec } from '../keeper/agent-host.ts'

export type ProtocolChoice = ProtocolVersion | 'auto'

export type FileAccess = 'none' | 'read' | 'write'

/** A command of this machine, or the address of an agent that somebody else runs. */
export type AgentDefinition = CommandAgent | RemoteAgent

interface AnyAgent {
  readonly name: string
  readonly title: string
  /** The versions of ACP that it is offered; `auto`: 2, then 1. Absent: 1. */
  readonly protocol?: ProtocolChoice | undefined
  /** Of its sessions that do not choose one; `ask` if absent. Nothing an agent is started with. */
  readonly permissionMode?: 'ask' | 'approve-reads' | 'approve-all' | 'deny-all'
  /**
   * Where the definition came from: known by name, written by a person, of an imported registry, or of what Holdfast installed itself.
   */
  readonly source: 'built-in' | 'config' | 'imported' | 'installed'
}

export interface CommandAgent extends AnyAgent {
  readonly remote?: undefined
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
  /** Our own agent, which is given what is meant for it without being asked. */
  readonly isBundled?: boolean
}

/** It has the files, the commands and the logins of its own machine: nothing of this one is offered to it. */
export interface RemoteAgent extends AnyAgent {
  readonly remote: RemoteTarget
  readonly source: 'config'
  readonly argv?: undefined
  readonly terminals?: undefined
  readonly files?: undefined
  readonly isBundled?: undefined
}

/** Of everything that decides what is started or connected to. Two definitions with one digest can stand in for each other. */
export function definitionDigest(definition: AgentDefinition): string {
  return createHash('sha256')
    .update(JSON.stringify(decisive(definition)))
    .digest('hex')
}

function decisive(definition: AgentDefinition): unknown[] {
  const { protocol = 1, remote } = definition
  if (remote !== undefined) return [remote.url, sorted(remote.headers), protocol]
  const { argv, env, terminals = false, files = 'none', containment } = definition
  return [argv, sorted(env), terminals, files, containment, protocol]
}

function sorted(values: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
