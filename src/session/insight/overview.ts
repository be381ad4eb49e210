// What the sessions of this process do right now, in a few facts each and without anything that was said in them.

import type { SessionId, TurnId } from '../../base/ids.ts'
import type { Delivery } from '../../store/records.ts'
import { nextEnd } from '../deadlines.ts'
import { liveOf } from '../live.ts'
import type { SessionLive } from '../service.ts'
import { deliveryOf } from '../state.ts'
import type { AgentLink, Phase, SessionLimits, SessionModel } from '../state.ts'

export interface SessionOverview extends Pick<SessionLive, 'activity' | 'activityDetail' | 'nextDeadline'> {
  readonly sessionId: SessionId
  readonly agent: string
  readonly phase: Phase['kind']
  readonly queued: number
  readonly permissions: number
  readonly elicitations: number
  /** The turn that is out. */
  readonly turn:
    | {
        readonly turnId: TurnId
        readonly stage: 'waiting' | 'sent' | 'running'
        readonly delivery: Delivery
        /** Epoch ms at which it went out; 0 while it waits for its agent. */
        readonly since: number
        readonly cancelling: string | undefined
      }
    | undefined
  readonly process: { readonly state: AgentLink['kind']; readonly generation: number; readonly pid: number | undefined }
  /** Epoch ms of the last thing that happened. */
  readonly lastInputAt: number
}

export function overviewOf(state: SessionModel, limits: SessionLimits, lastInputAt: number): SessionOverview {
  const { active, agent } = state
  const { activity, activityDetail } = liveOf(state, limits)
  const turn = active && {
    turnId: active.turnId,
    stage: active.stage,
    delivery: deliveryOf(active.stage),
    since: active.sentAt,
    cancelling: active.cancelling?.reason,
  }
  return {
    sessionId: state.sessionId,
    agent: state.agentName,
    activity,
    activityDetail,
    phase: state.phase.kind,
    queued: state.queue.length,
    permissions: state.permissions.length,
    elicitations: state.elicitations.length,
    turn,
    process: {
      state: agent.kind,
      generation: state.generation,
      pid: agent.kind === 'ready' ? agent.pid : undefined,
    },
    lastInputAt,
    nextDeadline: nextEnd(state, limits),
  }
}
