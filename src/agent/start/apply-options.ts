// Gives a session that was just opened the options that the user has chosen: one after the other, because one may change what
// the others offer. What the agent does not offer or refuses is told and fails nothing; only the end of the agent does.

import type { Controls } from '../../acp/session-controls.ts'
import { DeadlineError, toStoredError } from '../../base/errors.ts'
import type { AgentSessionId } from '../../base/ids.ts'
import { answeredCodeOf } from '../agent-errors.ts'
import type { AgentLink } from '../link/agent-link.ts'
import type { RefusedOption } from '../connection.ts'
import { controlsAfter, planControl } from '../control-plan.ts'
import type { ControlRequest, WantedOption } from '../control-plan.ts'

export interface ApplyOptions {
  readonly wanted: readonly WantedOption[]
  /** For each option. After one that was not answered in time, no further one is sent. */
  readonly ms: number
  readonly signal: AbortSignal
}

export interface AppliedOptions {
  readonly controls: Controls
  readonly refused: readonly RefusedOption[]
}

interface OfferedSession {
  readonly agentSessionId: AgentSessionId
  readonly controls: Controls
}

/** Rejects only for what ends the attempt: AGENT_EXITED, AGENT_PROTOCOL_ERROR, CANCELLED. */
export async function applyOptions(
  link: AgentLink,
  { agentSessionId, controls: offered }: OfferedSession,
  { wanted, ms, signal }: ApplyOptions,
): Promise<AppliedOptions> {
  const refused: RefusedOption[] = []
  let controls = offered
  let isDeaf = false
  for (const one of wanted) {
    const plan = planControl(controls, one)
    if (plan.kind === 'unsupported') refused.push({ ...one, reason: 'not_advertised', advertised: plan.advertised })
    if (plan.kind !== 'offered' || plan.isSet) continue
    if (isDeaf) {
      refused.push({ ...one, reason: 'deadline' })
      continue
    }
    try {
      controls = await send(link, agentSessionId, { request: plan.request, controls, ms, signal })
    } catch (error) {
      const refusal = refusalOf(one, error)
      if (refusal === undefined) throw error
      isDeaf = refusal.reason === 'deadline'
      refused.push(refusal)
    }
  }
  return { controls, refused }
}

interface Sending {
  readonly request: ControlRequest
  readonly controls: Controls
  readonly ms: number
  readonly signal: AbortSignal
}

async function send(link: AgentLink, sessionId: AgentSessionId, sending: Sending): Promise<Controls> {
  const { request, controls, ms, signal } = sending
  const result = await link.call(request.method, { sessionId, ...request.params }, { ms, signal })
  return controlsAfter(controls, request, result)
}

/** Undefined when the agent cannot be used any more. */
function refusalOf(one: WantedOption, error: unknown): RefusedOption | undefined {
  if (error instanceof DeadlineError) return { ...one, reason: 'deadline' }
  if (answeredCodeOf(error) === undefined) return undefined
  return { ...one, reason: 'refused', error: toStoredError(error) }
}
