// What becomes of a question when it arrives: dismissed as pointless, answered for nobody who is there, or left open. Nothing is ever
// accepted without a person: rules and modes are about what an agent does, not about what a person would say.

import type { Unattended } from '../../store/permission-rule-record.ts'
import type { Draft } from '../draft.ts'
import type { AgentInput } from '../input.ts'
import { unattendedPolicy } from '../permissions/ask-permission.ts'
import type { OpenElicitation } from '../state.ts'
import { requestCancel } from '../turns/cancel.ts'
import { markRunning, signOfLife } from '../turns/sign-of-life.ts'
import { openElicitation, respondElicitation, settleElicitation } from './elicitations.ts'

type Asked = Extract<AgentInput, { kind: 'agent.elicitation' }>

const DISMISSED = { answer: { action: 'cancel' }, keeps: false } as const

/** The agent asks. After a cancel or over the cap it gets its `cancel` at once (C-45). */
export function askElicitation(draft: Draft, asked: Asked): void {
  const { state, limits } = draft
  signOfLife(draft)
  markRunning(draft)
  const { elicitationId: id, requestId } = asked
  if (state.active?.cancelling !== undefined || state.phase.kind === 'closing')
    return respondElicitation(draft, { id, requestId }, DISMISSED)
  const policy = asked.isAttended ? 'ask' : unattendedPolicy(draft, state.active?.turnId)
  if (policy === 'ask' && state.elicitations.length >= limits.permissionsOpenMax) {
    draft.effect({ kind: 'count', name: 'elicitation_overflow' })
    return respondElicitation(draft, { id, requestId }, DISMISSED)
  }
  decide(draft, openElicitation(draft, asked), policy)
}

/** The last client has left for good: the turn's policy decides what is open. Questions of a turn that wants to wait do. */
export function abandonElicitations(draft: Draft): void {
  for (const open of draft.state.elicitations) {
    const isOpen = draft.state.elicitations.includes(open) // one may end the turn, and all others with it
    if (isOpen) decide(draft, open, unattendedPolicy(draft, open.turnId))
  }
}

function decide(draft: Draft, open: OpenElicitation, policy: Unattended): void {
  if (policy === 'ask') return
  const { active } = draft.state
  const answeredBy = `unattended:${policy}`
  if (policy === 'deny' || active === undefined || active.turnId !== open.turnId)
    return settleElicitation(draft, open, { state: 'answered', answer: { action: 'decline' }, answeredBy })
  settleElicitation(draft, open, { state: 'cancelled', answer: { action: 'cancel' }, answeredBy })
  requestCancel(draft, active, 'elicitation')
}
