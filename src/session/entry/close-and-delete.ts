// Closing a session together with what its agent keeps of it. Either the agent can delete conversations, or nothing is closed.

import type { AgentConnector } from '../../agent/connection.ts'
import type { AgentDefinition } from '../../agent/definition.ts'
import { canDelete } from '../../agent/start/open-agent-session.ts'
import { DeadlineError, HoldfastError } from '../../base/errors.ts'
import type { SessionRecord } from '../../store/records.ts'
import type { AgentSlots } from '../agents/agent-slots.ts'
import type { CloseEvidence } from '../service.ts'

export interface DeletePorts {
  readonly connector: Pick<AgentConnector, 'forget'>
  readonly slots: AgentSlots
  findDefinition(name: string): AgentDefinition | undefined
}

/** An agent that takes longer to start and to delete is given up; what was closed by then stays closed, and a second call tries again. */
const DELETE_MS = 60_000

/**
 * Also of a session that is closed already. One whose agent has no conversation is just closed. AGENT_UNSUPPORTED, AGENT_UNKNOWN, or why the
 * agent could not be started: nothing was closed. AGENT_*, DEADLINE from the deletion: closed, and its conversation may be there.
 */
export async function closeAndDelete(
  ports: DeletePorts,
  { agent, cwd, agentSessionId, agentCapabilities: known }: SessionRecord,
  close: () => Promise<CloseEvidence>,
): Promise<CloseEvidence> {
  if (agentSessionId === undefined) return close()
  if (known !== undefined && !canDelete(known))
    throw new HoldfastError('AGENT_UNSUPPORTED', { agent, method: 'session/delete' })
  const definition = ports.findDefinition(agent)
  if (definition === undefined) throw new HoldfastError('AGENT_UNKNOWN', { agent })
  const signal = AbortSignal.timeout(DELETE_MS)
  using slot = await ports.slots.acquire(signal)
  let closed: CloseEvidence | undefined
  const ready = async (): Promise<void> => {
    slot.started()
    closed = await close()
  }
  try {
    await ports.connector.forget({ definition, cwd, agentSessionId, ready }, signal)
  } catch (error) {
    throw signal.aborted ? new DeadlineError(`deleting a conversation of agent ${agent}`, DELETE_MS) : error
  }
  return { ...(closed ?? (await close())), conversationDeleted: true }
}
