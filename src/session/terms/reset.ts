// Reset: the agent's own defaults again, or another conversation. The agent is stopped first, because only a new process has
// neither; the answer says how it ended.

import { requestCancel } from '../turns/cancel.ts'
import { unblockLost } from './conversation.ts'
import type { Draft } from '../draft.ts'
import { optionsView } from './options.ts'
import { pump } from '../turns/queue.ts'
import type { CallerInput } from '../input.ts'
import { stopAgent } from '../agents/stop-agent.ts'

export function resetSession(draft: Draft, { reply, what, force }: Extract<CallerInput, { kind: 'reset' }>): void {
  const { state } = draft
  if (state.phase.kind === 'draining') return draft.refuse(reply, 'GATEWAY_DRAINING')
  if (state.phase.kind !== 'open') return draft.refuse(reply, 'SESSION_CLOSED')
  if (state.active !== undefined && !force) return draft.refuse(reply, 'SESSION_BUSY', { turn: state.active.turnId })
  if (state.resets.length === 0) state.lastStop = undefined
  state.resets = [...state.resets, { reply, what }]
  if (state.active !== undefined) requestCancel(draft, state.active, 'user')
  pump(draft)
}

/** Takes the resets that wait on: after the turn, after the agent. Nothing is claimed while one is left. */
export function settleResets(draft: Draft): void {
  const { state } = draft
  if (state.resets.length === 0) return
  if (state.phase.kind !== 'open') {
    for (const { reply } of state.resets)
      draft.refuse(reply, state.phase.kind === 'draining' ? 'GATEWAY_DRAINING' : 'SESSION_CLOSED')
    state.resets = []
    return
  }
  if (state.active !== undefined || state.agent.kind === 'stopping') return
  if (state.agent.kind !== 'none') return stopAgent(draft)
  const { resets, lastStop: stopped } = state
  state.resets = []
  for (const { reply, what } of resets) {
    draft.reply(reply, {
      kind: 'reset',
      stopped,
      cleared: what === 'options' ? clearOptions(draft) : clearConversation(draft),
    })
  }
}

function clearOptions(draft: Draft): string[] {
  const cleared = Object.keys(optionsView(draft.state.terms.options))
  draft.agree({ options: {} })
  draft.event('options.reset', undefined, { cleared })
  return cleared
}

/** The log goes on; the next prompt begins another conversation. */
function clearConversation(draft: Draft): string[] {
  const { agentSessionId, terms } = draft.state
  const from = terms.conversation.anew === undefined ? agentSessionId : undefined
  unblockLost(draft, 'reset')
  draft.event('conversation.reset', undefined, { from: from ?? null })
  return from === undefined ? [] : [from]
}
