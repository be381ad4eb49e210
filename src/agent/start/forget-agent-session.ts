// Removes one of an agent's own sessions from where the agent keeps it: in a process of its own, which has no session open, because what
// a delete does to an open one is up to each agent.

import { HoldfastError } from '../../base/errors.ts'
import type { AgentSessionId } from '../../base/ids.ts'
import { deleteAgentSession } from '../link/delete-agent-session.ts'
import type { AgentDefinition } from '../definition.ts'
import { startAgent } from './start-agent.ts'
import type { StartPorts } from './start-agent.ts'

export interface ForgetRequest {
  readonly definition: AgentDefinition
  readonly cwd: string
  readonly agentSessionId: AgentSessionId
  /** Called once it is known that the agent can delete, before it is asked to. What it rejects with ends the attempt. */
  ready(): Promise<void>
}

/** One that the agent does not know is deleted. AGENT_UNSUPPORTED, DEADLINE, AGENT_*, SPAWN_FAILED, CANCELLED. No process is left when it settles. */
export async function forgetAgentSession(
  ports: StartPorts,
  { definition, cwd, agentSessionId, ready }: ForgetRequest,
  signal: AbortSignal,
): Promise<void> {
  const agent = await startAgent(ports, { definition, sessionId: undefined, generation: 0, cwd }, signal)
  try {
    if (!agent.capabilities.delete)
      throw new HoldfastError('AGENT_UNSUPPORTED', { agent: definition.name, method: 'session/delete' })
    await ready()
    await deleteAgentSession(agent.link, agentSessionId)
  } finally {
    await agent.link.stop()
  }
}
