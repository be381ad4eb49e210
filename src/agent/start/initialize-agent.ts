// The first message of a connection: versions and capabilities, narrowed once (C-01 to C-10).

import { narrowInitialize } from '../../acp/initialize.ts'
import type { AgentCapabilities } from '../../acp/initialize.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import type { AgentLink } from '../link/agent-link.ts'

const PROTOCOL_VERSION = 1

export interface InitializeOptions {
  readonly ms: number
  readonly signal: AbortSignal
  readonly version: string
  /** See clientOffer. */
  readonly offer: JsonObject
}

/** AGENT_PROTOCOL_VERSION when the agent answers a version that was not offered; AGENT_NOT_ACP when the answer is no answer. */
export async function initializeAgent(
  link: AgentLink,
  { ms, signal, version, offer }: InitializeOptions,
): Promise<AgentCapabilities> {
  const params = {
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: offer,
    clientInfo: { name: 'holdfast', title: 'Holdfast', version },
  }
  const result = await link.call('initialize', params, { ms, signal })
  const answered = narrowInitialize(result)
  if (answered.kind === 'malformed')
    throw new HoldfastError('AGENT_NOT_ACP', { agent: link.agent, reason: answered.reason })
  if (answered.protocolVersion !== PROTOCOL_VERSION) {
    const details = { agent: link.agent, answered: answered.protocolVersion, supported: PROTOCOL_VERSION }
    throw new HoldfastError('AGENT_PROTOCOL_VERSION', details)
  }
  return answered.capabilities
}
