// Options that say what the agent of a session is given besides its directory; several commands take them.

import path from 'node:path'

import type { Command } from 'commander'

import type { SessionPatch } from '../wire/session.ts'

export interface EquipmentOptions {
  readonly mcp?: readonly string[]
  readonly addDir?: readonly string[]
}

type EquipmentBody = Pick<SessionPatch, 'mcp_servers' | 'additional_directories'>

export function declareEquipment(command: Command, tail = ''): void {
  command
    .option('--mcp <name>', `MCP server of the configuration for its agent; can be given again${tail}`, collected)
    .option('--add-dir <dir>', `further directory for its agent; can be given again${tail}`, collected)
}

/** Directories are those of the shell; `none` alone is none. Empty when nothing was said. */
export function equipmentBody({ mcp, addDir }: EquipmentOptions, cwd: string): EquipmentBody {
  return {
    ...(mcp && { mcp_servers: listed(mcp) }),
    ...(addDir && { additional_directories: listed(addDir).map((directory) => path.resolve(cwd, directory)) }),
  }
}

function listed(values: readonly string[]): string[] {
  return values.filter((value) => value !== 'none')
}

function collected(value: string, former: readonly string[] = []): string[] {
  return [...former, value]
}
