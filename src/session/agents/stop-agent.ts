// Ending the agent process of a session. The next one starts only after the proof that this one is gone (S7).

import { HoldfastError, toStoredError } from '../../base/errors.ts'
import type { StoredError } from '../../base/errors.ts'
import type { Draft } from '../draft.ts'
import { abandonChange } from '../terms/option-changes.ts'
import { forgetAnswers } from '../elicitations/elicitations.ts'
import { closeRequests } from '../turns/close-requests.ts'

/** Asks the host to stop the process tree; `error` says why when it was not asked for. */
export function stopAgent(draft: Draft, error?: StoredError): void {
  stop(draft, draft.state.phase.kind === 'closing', error)
}

/** As `stopAgent`, for an agent that has not ended a turn it was asked to end: the next thing that it is asked to end is its session (C-49). */
export function forceAgent(draft: Draft): void {
  stop(draft, true)
}

function stop(draft: Draft, isClosed: boolean, error?: StoredError): void {
  const { agent, active } = draft.state
  if (agent.kind !== 'ready' && agent.kind !== 'starting') return
  closeRequests(draft, 'void')
  forgetAnswers(draft)
  abandonChange(draft)
  const { generation } = agent
  draft.state.agent = { kind: 'stopping', generation, deadlineAt: draft.now + draft.limits.stopMs }
  if (error !== undefined) draft.event('agent.warning', active?.turnId, { generation, error })
  draft.effect({ kind: 'agent.stop', generation, isClosed })
}

/** What to say when the proof did not come in time: the host keeps the lease as stuck, the session goes on. */
export function stuckError(draft: Draft): StoredError {
  return toStoredError(new HoldfastError('AGENT_STUCK', { agent: draft.state.agentName }))
}
