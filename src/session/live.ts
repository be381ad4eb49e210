// What a session does right now, in the words of its listing.

import { nextEnd } from './deadlines.ts'
import type { SessionLive } from './service.ts'
import type { SessionLimits, SessionModel } from './state.ts'

export function liveOf(state: SessionModel, limits: SessionLimits, startWaitsFor?: 'slot' | 'memory'): SessionLive {
  const nearest = nextEnd(state, limits)
  return {
    activity: activityOf(state),
    activityDetail: (state.active?.compacting.length ?? 0) > 0 ? 'compacting' : undefined,
    activeTurn: state.active?.turnId,
    queued: state.queue.map((turn) => turn.turnId),
    agentPid: state.agent.kind === 'ready' ? state.agent.pid : undefined,
    agentLink: agentLinkOf(state.agent),
    waitingFor: waitingFor(state) ?? startWaitsFor,
    nextDeadline: nearest === undefined ? undefined : { at: nearest.at, kind: nearest.kind },
  }
}

/** A session without an actor: the row says what there is to say. */
export function dormantLive(isClosed: boolean, isBlocked: boolean): SessionLive {
  const activity = isClosed ? 'closed' : isBlocked ? 'blocked' : 'dormant'
  return {
    activity,
    activityDetail: undefined,
    activeTurn: undefined,
    queued: [],
    agentPid: undefined,
    agentLink: undefined,
    waitingFor: undefined,
    nextDeadline: undefined,
  }
}

function agentLinkOf(agent: SessionModel['agent']): SessionLive['agentLink'] {
  if (agent.kind !== 'ready') return undefined
  return agent.pid === undefined ? 'connection' : 'process'
}

function waitingFor({ isPaused, queue, lanePass }: SessionModel): 'safe_mode' | 'lane' | undefined {
  if (isPaused && queue.length > 0) return 'safe_mode'
  return lanePass?.isHeld === false ? 'lane' : undefined
}

function activityOf(state: SessionModel): SessionLive['activity'] {
  if (state.phase.kind === 'closed') return 'closed'
  if (state.phase.kind === 'closing') return 'stopping'
  if (state.active?.cancelling !== undefined) return 'cancelling'
  if (state.active?.stage === 'waiting') return state.agent.kind === 'stopping' ? 'stopping' : 'starting'
  if (state.permissions.length > 0) return 'awaiting_permission'
  if (state.elicitations.length > 0) return 'awaiting_answer'
  if (state.active !== undefined) return 'running'
  if (state.blockedBy !== undefined) return 'blocked'
  return state.agent.kind === 'ready' ? 'idle' : state.agent.kind === 'none' ? 'dormant' : 'stopping'
}
