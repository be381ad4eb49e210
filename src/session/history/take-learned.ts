// What a replay has taught is stored with the start that brought it, before anything that is said after it.

import type { Draft } from '../draft.ts'
import type { LearnedReplay } from './learn-replay.ts'

/** Updates that are learned belong to no turn of ours; their `_meta` says where they come from. */
export function takeLearned(draft: Draft, learned: LearnedReplay | undefined): void {
  const { agentSessionId } = draft.state
  if (learned === undefined || agentSessionId === undefined) return
  if (learned.kind === 'unmatched') {
    const { replayed, leftOut } = learned
    const warning = { warning: 'replay_unmatched', agent_session_id: agentSessionId, replayed, left_out: leftOut }
    return draft.event('agent.warning', undefined, warning)
  }
  const { updates, known, leftOut } = learned
  const counts = { updates: updates.length, known, left_out: leftOut }
  draft.event('conversation.learned', undefined, { agent_session_id: agentSessionId, ...counts })
  for (const update of updates) draft.eventText('update', undefined, update)
}
