// The first message of a connection: versions and capabilities, narrowed once (C-01 to C-10).

import { narrowInitialize } from '../acp/initialize.ts'
import type { AgentCapabilities } from '../acp/initialize.ts'
import { HoldfastError } from '../base/errors.ts'
import type { AgentLink } from './agent-link.ts'

const PROTOCOL_VERSION = 1

export interface InitializeOptions {
  readonly ms: number
  readonly signal: AbortSignal
  readonly version: string
  /** Whether commands in terminals are offered. */
  readonly terminal: boolean
}

/** AGENT_PROTOCOL_VERSION when the agent answers a version that was not offered; AGENT_NOT_ACP when the answer is no answer. */
export async function initializeAgent(
  link: AgentLink,
  { ms, signal, version, terminal }: InitializeOptions,
): Promise<AgentCapabilities> {
  const params = {
    protocolVersion: PROTOCOL_VERSION,
    // Nothing is offered that the gateway cannot serve by itself (C-07): files are the agent's own business.
    clientCapabilities: {
      fs: { readTextFile: false, writeTextFile: false },
      terminal,
      session: { configOptions: { boolean: {} }, compaction: {} },
    },
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
