// The first message of a connection: versions and capabilities, narrowed once (C-01 to C-10).

import { narrowInitialize } from '../../acp/initialize.ts'
import type { AgentCapabilities, ProtocolVersion } from '../../acp/initialize.ts'
import { RPC_CODES } from '../../acp/rpc.ts'
import { HoldfastError, isHoldfastError } from '../../base/errors.ts'
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'
import { answeredCodeOf } from '../agent-errors.ts'
import type { AgentLink } from '../link/agent-link.ts'

export interface InitializeOptions {
  readonly ms: number
  readonly signal: AbortSignal
  readonly version: string
  readonly protocol: ProtocolVersion
  /** See clientOffer. */
  readonly offer: JsonObject
}

/** AGENT_PROTOCOL_VERSION when the agent answers a version that was not offered; AGENT_NOT_ACP when the answer is no answer. */
export async function initializeAgent(
  link: AgentLink,
  { ms, signal, version, protocol, offer }: InitializeOptions,
): Promise<AgentCapabilities> {
  const info = { name: 'holdfast', title: 'Holdfast', version }
  const shape = protocol === 2 ? { info, capabilities: offer } : { clientCapabilities: offer, clientInfo: info }
  const params = { protocolVersion: protocol, ...shape }
  const result = await link.call('initialize', params, { ms, signal }).catch((error: unknown) => {
    throw refusedVersion(link.agent, protocol, error) ?? error
  })
  const answered = narrowInitialize(result)
  if (answered.kind === 'malformed')
    throw new HoldfastError('AGENT_NOT_ACP', { agent: link.agent, reason: answered.reason })
  const { protocolVersion } = answered
  if (protocolVersion !== protocol) throw otherVersion(link.agent, protocol, [protocolVersion])
  return answered.capabilities
}

/** Of those that an agent names. */
const VERSIONS_MAX = 16

/** -32022: the agent says which versions it speaks (C-04). Undefined for any other failure. */
function refusedVersion(agent: string, protocol: ProtocolVersion, error: unknown): HoldfastError | undefined {
  if (!isHoldfastError(error) || answeredCodeOf(error) !== RPC_CODES.unsupportedVersion) return undefined
  const { data } = error.details['raw'] as { data?: unknown }
  const supported = isJsonObject(data) && Array.isArray(data['supported']) ? data['supported'] : []
  return otherVersion(agent, protocol, supported.filter((one) => typeof one === 'number').slice(0, VERSIONS_MAX))
}

function otherVersion(agent: string, protocol: ProtocolVersion, speaks: readonly number[]): HoldfastError {
  const answered = speaks.length === 1 ? speaks[0] : speaks.join(' and ') || 'none'
  return new HoldfastError('AGENT_PROTOCOL_VERSION', { agent, answered, supported: protocol, speaks })
}
