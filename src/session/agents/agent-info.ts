// What the newest agent of a session calls itself, from its capabilities as they are stored.

import type { AgentInfo } from '../../agent/connection.ts'

/** Undefined before an agent was ready, and for one that does not say it. */
export function agentInfo(capabilities: string | undefined): AgentInfo | undefined {
  return capabilities === undefined ? undefined : (JSON.parse(capabilities) as { agent?: AgentInfo }).agent
}
