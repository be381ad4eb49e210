// One agent in the configuration of a gateway, in all the ways in which it is tried.

import { join } from 'node:path'

import { findCatalogEntry } from '../../../src/agent/catalog/catalog.ts'
import type { GatewaySetup, TestAgent } from '../../_support/test-gateway.ts'
import type { RealAgentCommand } from '../agents.ts'
import { MCP_SERVER } from './further-steps.ts'

const TOOL_SERVER = join(import.meta.dirname, '../../../builtin-agent/test/tool-server.ts')
const WITH_LOOPBACK = 'ip link set lo up; exec "$@"'
const TAP = join(import.meta.dirname, 'tap.mjs')

export interface AgentNames {
  readonly agent: string
  readonly withFiles: string
  readonly choosing: string
  readonly inVersion2: string
  readonly loggedOut: string
}

export function agentNames(id: string): AgentNames {
  return { agent: id, withFiles: `${id}-files`, choosing: `${id}-auto`, inVersion2: `${id}-2`, loggedOut: `${id}-out` }
}

export interface SetupOf {
  readonly id: string
  readonly command: RealAgentCommand
  /** Where its requests are written to when it has files. */
  readonly tapped: string
  /** Is made when it starts the MCP server. */
  readonly startedMcp: string
  /** An empty home, for when nobody has logged in. */
  readonly emptyHome: string
}

export function gatewaySetup({ id, command: { argv, env }, tapped, startedMcp, emptyHome }: SetupOf): GatewaySetup {
  const names = agentNames(id)
  const agent: TestAgent = { command: argv, env }
  const tap: TestAgent['command'] = [process.execPath, TAP, tapped, ...argv]
  const agents: Record<string, TestAgent> = {
    [names.agent]: agent,
    [names.withFiles]: { ...agent, command: tap, files: 'write', terminals: true },
    [names.choosing]: { ...agent, protocol: 'auto' },
    [names.inVersion2]: { ...agent, protocol: 2 },
    [names.loggedOut]: loggedOut({ id, argv, path: env['PATH'], emptyHome }),
  }
  const server = ['/bin/sh', '-c', ': > "$0"; exec "$@"', startedMcp, process.execPath, TOOL_SERVER]
  return { agents, config: { mcpServers: { [MCP_SERVER]: { command: server } } } }
}

interface LoggedOut {
  readonly id: string
  readonly argv: RealAgentCommand['argv']
  readonly path: string | undefined
  readonly emptyHome: string
}

/** In a network of its own that leads nowhere: it can neither log in by itself nor ask anybody. What the catalog gives it, it has. */
function loggedOut({ id, argv, path = '', emptyHome }: LoggedOut): TestAgent {
  const env = { HOME: emptyHome, PATH: path, ...findCatalogEntry(id)?.env }
  const command = ['unshare', '--user', '--map-root-user', '--net', 'sh', '-c', WITH_LOOPBACK, 'sh', ...argv] as const
  return { command, env }
}
