// What a replay has taught is stored with the start that brought it, before anything that is said after it.

import type { Draft } from '../draft.ts'
import type { AgentInput } from '../input.ts'
import type { LearnedReplay } from './learn-replay.ts'

type Ready = Extract<AgentInput, { kind: 'agent.ready' }>
type Forked = Extract<LearnedReplay, { kind: 'forked' }>

/** Updates that are learned belong to no turn of ours; their `_meta` says where they come from. */
export function takeLearned(draft: Draft, { learned, agentSessionId }: Ready): void {
  if (learned === undefined) return
  if (learned.kind === 'forked') return takeFork(draft, agentSessionId, learned)
  if (agentSessionId !== draft.state.agentSessionId) return
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

/** The log begins with what was said before: whoever reads it needs to know nothing of the other one. */
function takeFork(draft: Draft, to: Ready['agentSessionId'], { from, conversation, updates, leftOut }: Forked): void {
  draft.event('session.forked', undefined, {
    session_id: draft.state.sessionId,
    from_session_id: from,
    agent_session_id: to,
    from_agent_session_id: conversation,
    updates: updates.length,
    left_out: leftOut,
  })
  for (const update of updates) draft.eventText('update', undefined, update)
}
