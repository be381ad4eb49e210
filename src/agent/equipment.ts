// What an agent's side of a session is opened with besides its directory: MCP servers, further directories, `_meta`. It is complete with
// each new, load, resume and fork (C-20, C-22), and an agent is never given what it did not advertise (C-21, C-22).

import type { AgentCapabilities } from '../acp/initialize.ts'
import { transportOf } from '../acp/mcp-servers.ts'
import { HoldfastError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'

export interface AgentEquipment {
  /** ACP entries of v1 (acp/mcp-servers.ts). They may hold credentials: for the agent and for nobody else. */
  readonly mcpServers: readonly JsonObject[]
  /** Absolute. */
  readonly directories: readonly string[]
  readonly meta: JsonObject | undefined
}

export const UNEQUIPPED: AgentEquipment = { mcpServers: [], directories: [], meta: undefined }

type Taken = Pick<AgentCapabilities, 'mcp' | 'additionalDirectories'>

/**
 * Fields of new, load, resume and fork. EQUIPMENT_UNSUPPORTED naming what the agent cannot use: a session that silently lacks a tool
 * would be worse than one that does not start.
 */
export function sessionParams(
  agent: string,
  { cwd, equipment }: { readonly cwd: string; readonly equipment: AgentEquipment },
  { mcp, additionalDirectories }: Taken,
): JsonObject {
  const { mcpServers, directories, meta } = equipment
  for (const server of mcpServers) {
    const transport = transportOf(server)
    if (transport !== 'stdio' && !mcp[transport])
      throw unsupported(agent, `MCP server ${server['name'] as string} (${transport})`)
  }
  if (directories.length > 0 && !additionalDirectories) throw unsupported(agent, 'additional directories')
  return {
    cwd,
    mcpServers: [...mcpServers],
    ...(directories.length > 0 && { additionalDirectories: [...directories] }),
    ...(meta !== undefined && { _meta: meta }),
  }
}

/**
 * EQUIPMENT_UNSUPPORTED for a server that is a command: a remote agent would start it on its own machine, and would be given its
 * variables.
 */
export function refuseCommands(agent: string, { mcpServers }: AgentEquipment): void {
  const command = mcpServers.find((server) => transportOf(server) === 'stdio')
  if (command !== undefined)
    throw unsupported(agent, `MCP server ${command['name'] as string}, a command of this machine`)
}

function unsupported(agent: string, what: string): HoldfastError {
  return new HoldfastError('EQUIPMENT_UNSUPPORTED', { agent, what })
}
