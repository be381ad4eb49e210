// The history of a conversation that began without us: stored once, in the transaction that makes the conversation ours.

import type { ImportedHistory } from '../../agent/link/history.ts'
import type { Draft } from '../draft.ts'
import type { SessionModel } from '../state.ts'

/** The session was made for a conversation of the agent's, and no process of ours has opened that yet. */
export function wantsHistory({ terms }: SessionModel): boolean {
  const { source, anew } = terms.conversation
  return source === 'adopted' && anew === undefined
}

/** `history` is undefined when the agent went on without telling any. Updates belong to no turn; their `_meta` says where they come from. */
export function importHistory(draft: Draft, history: ImportedHistory | undefined): void {
  const { updates = [], leftOut = 0 } = history ?? {}
  draft.event('conversation.imported', undefined, {
    agent_session_id: draft.state.agentSessionId ?? null,
    updates: updates.length,
    left_out: leftOut,
    is_told: history !== undefined,
  })
  for (const update of updates) draft.eventText('update', undefined, update)
}
