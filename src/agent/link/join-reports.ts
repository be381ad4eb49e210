// Several process trees that were stopped as one.

import type { StopReport } from '../../keeper/agent-host.ts'

/** The agent's report with what was left of its terminals added; the exit is the agent's. */
export function joinReports(agent: StopReport, terminals: readonly StopReport[]): StopReport {
  const all = [agent, ...terminals]
  return {
    forced: agent.forced,
    swept: all.reduce((sum, { swept }) => sum + swept, 0),
    survivors: [...new Set(all.flatMap(({ survivors }) => survivors))],
    ms: Math.max(...all.map(({ ms }) => ms)),
    exit: agent.exit,
  }
}
