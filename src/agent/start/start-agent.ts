// The part of a start that no session is needed for: spawn, then initialize. What fails leaves no process.

import type { AgentCapabilities, ProtocolVersion } from '../../acp/initialize.ts'
import { DeadlineError, HoldfastError, isHoldfastError } from '../../base/errors.ts'
import type { Clock } from '../../base/clock.ts'
import type { SessionId } from '../../base/ids.ts'
import type { AgentHost, AgentProcess } from '../../keeper/agent-host.ts'
import { AgentLink } from '../link/agent-link.ts'
import type { AgentDefinition, CommandAgent } from '../definition.ts'
import { clientOffer } from './client-offer.ts'
import { initializeAgent } from './initialize-agent.ts'
import type { SpokenVersions } from './spoken-versions.ts'
import { V2Peer } from '../v2/v2-peer.ts'
import type { OpenPeer } from '../link/agent-peer.ts'
import type { NoiseDetails } from './start-noise.ts'
import { MessageIds } from '../link/message-ids.ts'

export interface StartLimits {
  readonly initializeMs: number
  readonly lineBytesMax: number
}

export interface StartPorts {
  readonly host: AgentHost
  readonly clock: Clock
  readonly limits: StartLimits
  /** Version of Holdfast, for `clientInfo`. */
  readonly version: string
  readonly versions: SpokenVersions
  /** The complete environment of an agent: the allow-list plus what its definition names. */
  environmentOf(definition: CommandAgent): Record<string, string>
}

export interface StartRequest {
  readonly definition: AgentDefinition
  /** Undefined, and generation 0, for a process that a session gets later. */
  readonly sessionId: SessionId | undefined
  readonly generation: number
  readonly cwd: string
}

/** An agent that has answered `initialize` and has no session of ours open yet. */
export interface InitializedAgent {
  readonly process: AgentProcess
  readonly link: AgentLink
  readonly messageIds: MessageIds
  readonly capabilities: AgentCapabilities
}

/**
 * Rejects with AGENT_*, SPAWN_FAILED or CANCELLED; no process of the attempt is left then. An agent that turns out to speak version
 * 1 alone has seen no capabilities of ours: where both are enabled, another process is started for it.
 */
export async function startAgent(
  ports: StartPorts,
  request: StartRequest,
  signal: AbortSignal,
): Promise<InitializedAgent> {
  const { definition } = request
  const protocol = ports.versions.offerTo(definition)
  try {
    return await startSpeaking(ports, request, { protocol, signal })
  } catch (error) {
    if (!ports.versions.fallsBack(definition, error)) throw error
    return startSpeaking(ports, request, { protocol: 1, signal })
  }
}

interface Offering {
  readonly protocol: ProtocolVersion
  readonly signal: AbortSignal
}

async function startSpeaking(
  ports: StartPorts,
  request: StartRequest,
  { protocol, signal }: Offering,
): Promise<InitializedAgent> {
  const { definition, generation } = request
  const { initializeMs } = ports.limits
  const process = await openProcess(ports, request, signal)
  const messageIds = MessageIds.ofProcess(generation)
  const openPeer: OpenPeer | undefined = protocol === 2 ? (peer) => new V2Peer(peer) : undefined
  const link = new AgentLink(definition.name, process, { clock: ports.clock, messageIds, openPeer })
  try {
    const offer = clientOffer(definition, protocol)
    const options = { ms: initializeMs, signal, version: ports.version, protocol, offer }
    const capabilities = await initializeAgent(link, options)
    return { process, link, messageIds, capabilities }
  } catch (error) {
    await process.stop()
    throw explainStart(error, definition.name, process, link.noise)
  }
}

function openProcess(ports: StartPorts, request: StartRequest, signal: AbortSignal): Promise<AgentProcess> {
  const { definition, sessionId, generation, cwd } = request
  const { host, limits } = ports
  const spec = { sessionId, generation, agent: definition.name, lineBytesMax: limits.lineBytesMax }
  if (definition.remote !== undefined) return host.connect({ ...spec, remote: definition.remote }, signal)
  const { argv, containment } = definition
  return host.spawn({ ...spec, argv, env: ports.environmentOf(definition), cwd, containment }, signal)
}

/** Adds to a failed start what the agent said on its way out, and what it wrote instead of messages. */
export function explainStart(error: unknown, agent: string, process: AgentProcess, noise: NoiseDetails = {}): unknown {
  const said = { stderr: process.stderrTail(), ...noise }
  if (error instanceof DeadlineError) {
    const { stage, ms } = error.details
    return new HoldfastError('AGENT_START_TIMEOUT', { agent, stage, ms, ...said }, { cause: error })
  }
  if (!isHoldfastError(error) || error.code === 'CANCELLED') return error
  return new HoldfastError(error.code, { ...error.details, ...said }, { cause: error.cause })
}
