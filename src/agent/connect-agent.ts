// Connects one agent: spawn, initialize, open its session, each under its deadline, and gives back the live connection.
// Whatever fails on the way, the process of the attempt is stopped before the caller hears of it.

import { DeadlineError, HoldfastError, isHoldfastError } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'
import type { AgentHost, AgentProcess } from '../keeper/agent-host.ts'
import type { AgentConnection, AgentConnector, ConnectRequest } from './connection.ts'
import type { AgentDefinition } from './definition.ts'
import { AgentLink } from './agent-link.ts'
import { initializeAgent } from './initialize-agent.ts'
import { openAgentSession } from './open-agent-session.ts'

export interface ConnectLimits {
  readonly initializeMs: number
  readonly sessionMs: number
  readonly lineBytesMax: number
}

export interface ConnectorPorts {
  readonly host: AgentHost
  readonly clock: Clock
  readonly limits: ConnectLimits
  /** Version of Holdfast, for `clientInfo`. */
  readonly version: string
  /** The complete environment of an agent: the allow-list plus what its definition names. */
  environmentOf(definition: AgentDefinition): Record<string, string>
}

export function createAgentConnector(ports: ConnectorPorts): AgentConnector {
  return { connect: (request, signal) => connectAgent(ports, request, signal) }
}

async function connectAgent(
  ports: ConnectorPorts,
  request: ConnectRequest,
  signal: AbortSignal,
): Promise<AgentConnection> {
  const { definition, sessionId, generation, cwd } = request
  const spec = {
    sessionId,
    generation,
    agent: definition.name,
    argv: definition.argv,
    env: ports.environmentOf(definition),
    cwd,
    lineBytesMax: ports.limits.lineBytesMax,
  }
  const process = await ports.host.spawn(spec, signal)
  const link = new AgentLink(definition.name, process, { clock: ports.clock, idPrefix: `m${generation}` })
  try {
    return await handshake(ports, request, link, signal)
  } catch (error) {
    await process.stop()
    throw explain(error, definition.name, process)
  }
}

async function handshake(
  ports: ConnectorPorts,
  request: ConnectRequest,
  link: AgentLink,
  signal: AbortSignal,
): Promise<AgentConnection> {
  const { initializeMs, sessionMs } = ports.limits
  const capabilities = await initializeAgent(link, { ms: initializeMs, signal, version: ports.version })
  const opened = await openAgentSession(link, { ...request, capabilities, ms: sessionMs, signal })
  return link.toConnection(opened, capabilities)
}

/** Adds to a failed start what the agent said on its way out. */
function explain(error: unknown, agent: string, process: AgentProcess): unknown {
  const stderr = process.stderrTail()
  if (error instanceof DeadlineError) {
    const { stage, ms } = error.details
    return new HoldfastError('AGENT_START_TIMEOUT', { agent, stage, ms, stderr }, { cause: error })
  }
  if (!isHoldfastError(error) || error.code === 'CANCELLED') return error
  return new HoldfastError(error.code, { ...error.details, stderr }, { cause: error.cause })
}
