// A process that is not as the next one would be: it takes no further prompt, and ends as soon as no turn is out (pump).

import type { Draft } from '../draft.ts'

/** One that is still starting is retired when it is ready; without a process there is nothing to do. */
export function retire(draft: Draft, reason: 'definition_changed' | 'equipment_changed'): void {
  const { agent } = draft.state
  if (agent.kind !== 'starting' && agent.kind !== 'ready') return
  if (agent.isRetiring) return
  draft.state.agent = { ...agent, isRetiring: true }
  draft.event('agent.retired', undefined, { generation: agent.generation, reason })
}
