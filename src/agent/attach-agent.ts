// Goes on with agents that outlived the gateway that started them: no spawn and no handshake, the rows say what was agreed.

import type { AgentCapabilities } from '../acp/initialize.ts'
import { answerFrame } from '../acp/peer.ts'
import type { Clock } from '../base/clock.ts'
import type { AgentHost, HeldAgent } from '../keeper/agent-host.ts'
import { AgentLink } from './agent-link.ts'
import type { AgentConnection, AttachRequest, HeldSessionAgent } from './connection.ts'
import { MessageIds } from './message-ids.ts'

export interface AttachPorts {
  readonly host: Pick<AgentHost, 'held'>
  readonly clock: Clock
}

/** What the host holds from earlier lives, as a session's actor can use it. */
export function listHeldAgents({ host, clock }: AttachPorts): HeldSessionAgent[] {
  return host.held().map((held) => ({
    sessionId: held.sessionId,
    generation: held.generation,
    pid: held.process.pid,
    isRetiring: held.process.isRetiring,
    hasPrompt: (turnId) => held.process.wasWritten(turnId),
    hasAnswer: (line) => held.process.wasWritten(answerFrame(line)),
    attach: (request) => attachAgent(held, request, clock),
    stop: () => held.process.stop(),
  }))
}

function attachAgent(held: HeldAgent, request: AttachRequest, clock: Clock): AgentConnection {
  const { agentSessionId, line, lastUpdate, life } = request
  const messageIds = MessageIds.goingOn(held.generation, line, lastUpdate)
  const link = new AgentLink(held.agent, held.process, { clock, messageIds, earlier: { line, life } })
  return link.resume(request, {
    opened: { agentSessionId, continuity: 'resumed' },
    capabilities: JSON.parse(request.capabilities) as AgentCapabilities,
  })
}
