// A second attempt with a new process, only while it is sure that no agent got the prompt; and the pause that keeps an agent that
// dies at every start from being started in a hot loop.

import type { ErrorCode, StoredError } from '../../base/errors.ts'
import type { Draft } from '../draft.ts'
import { endActive, endOfCancelled } from './end-turn.ts'
import { requeueActive } from './queue.ts'
import type { ActiveTurn } from '../state.ts'

/** The agent died or was cut off, or could not be had this time: another one may do better. Anything else would fail again. */
const WORTH_ANOTHER: ReadonlySet<ErrorCode> = new Set([
  'AGENT_EXITED',
  'AGENT_DISCONNECTED',
  'AGENT_UNREACHABLE',
  'SPAWN_FAILED',
  'KEEPER_UNAVAILABLE',
])
const STARTS_MAX = 2
const PAUSE_MS_MAX = 10_000

/** `active` was provably not given to an agent: back to the front for a second attempt, or ended with delivery `no`. */
export function retryOrEnd(draft: Draft, active: ActiveTurn, error: StoredError): void {
  const { cancelling } = active
  const unsent = { ...active, stage: 'waiting', startsFailed: active.startsFailed + 1 } as const
  if (WORTH_ANOTHER.has(error.code)) pauseStarts(draft)
  const reason = `the agent was lost before it got the prompt (${error.code})`
  if (cancelling?.reason === 'drain') return requeueActive(draft, unsent, reason)
  if (cancelling !== undefined) return endActive(draft, unsent, endOfCancelled(draft, active, cancelling.reason))
  if (!WORTH_ANOTHER.has(error.code) || unsent.startsFailed >= STARTS_MAX)
    return endActive(draft, unsent, { state: 'failed', error })
  requeueActive(draft, unsent, reason)
}

/** Each start that fails in a row doubles the pause before the next one of the session. */
function pauseStarts(draft: Draft): void {
  const { state, limits, now } = draft
  const pauseMs = Math.min(limits.startPauseMs * 2 ** state.startsFailed, PAUSE_MS_MAX)
  state.startsFailed = Math.min(state.startsFailed + 1, 32)
  state.startNotBefore = now + pauseMs
}

/** The agent works: what failed before does not count any more. */
export function forgetFailedStarts({ state }: Draft): void {
  state.startsFailed = 0
  state.startNotBefore = 0
}
