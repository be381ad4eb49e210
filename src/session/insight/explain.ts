// What a session waits for, since when, what ends the wait by itself, and what somebody can do about it. Pure: a reading of the
// state for `holdfast explain`; the deadlines are those of deadlines.ts.

import { nextEnd } from '../deadlines.ts'
import { liveOf } from '../live.ts'
import { fullGraceMs } from '../turns/cancel-grace.ts'
import type { SessionRecord, SessionTerms } from '../../store/records.ts'
import type { SessionLive } from '../service.ts'
import type { SessionLimits, SessionModel } from '../state.ts'
import { waitsForPerson } from '../waits-for-person.ts'

export type WaitKind =
  /** A person: an interrupted turn, a conversation that is lost, a login, a permission request, or a question. */
  | 'decision'
  | 'conversation'
  | 'login'
  | 'permission'
  | 'elicitation'
  /** The agent: its start, its work, its answer to a cancel, its end. */
  | 'agent_start'
  | 'agent'
  | 'cancel'
  | 'agent_stop'
  | 'control'
  /** Others: a place for its agent, memory for it, a place in the lane. */
  | 'slot'
  | 'memory'
  | 'lane'
  /** The end of the gateway's safe mode. */
  | 'safe_mode'
  /** Its log is damaged: it waits for its close. */
  | 'damage'

export interface Wait {
  readonly kind: WaitKind
  /** Epoch ms; undefined where only the rows of an earlier life would know. */
  readonly since: number | undefined
  /** The turn, permission request or process that is waited for. */
  readonly subject: string | undefined
}

export interface Explanation {
  readonly activity: SessionLive['activity']
  readonly turn: string | undefined
  readonly queued: number
  /** The longest wait first; empty when nothing is waited for. */
  readonly waits: readonly Wait[]
  /** What ends the wait at the latest, by itself. */
  readonly deadline: { readonly at: number; readonly kind: string } | undefined
  /** Operations of the API that end it now. */
  readonly frees: readonly string[]
}

/** `startWaitsFor`: what the start of its agent waits for, if it does. */
export function explainSession(
  state: SessionModel,
  limits: SessionLimits,
  startWaitsFor?: 'slot' | 'memory',
): Explanation {
  const { activity, activeTurn, queued } = liveOf(state, limits)
  return {
    activity,
    turn: activeTurn,
    queued: queued.length,
    waits: waitsOf(state, limits, startWaitsFor),
    deadline: nextEnd(state, limits),
    frees: freesOf(state),
  }
}

/** A session without an actor: nothing runs, and at most a decision is waited for. */
export function explainDormant({ blockedBy, terms }: SessionRecord, { activity, queued }: SessionLive): Explanation {
  const waits: Wait[] =
    blockedBy === undefined ? [] : [{ kind: decisionOf(terms), since: undefined, subject: blockedBy }]
  const frees = blockedBy === undefined ? [] : ['resumeSession']
  return { activity, turn: undefined, queued: queued.length, waits, deadline: undefined, frees }
}

/** A session in quarantine: nobody works for it. */
export function explainDamaged(): Explanation {
  const waits: Wait[] = [{ kind: 'damage', since: undefined, subject: undefined }]
  const frees = ['exportSession', 'closeSession']
  return { activity: 'quarantined', turn: undefined, queued: 0, waits, deadline: undefined, frees }
}

/** What a session that is blocked waits for. */
function decisionOf({ conversation, login }: SessionTerms): WaitKind {
  if (login !== undefined) return 'login'
  return conversation.isLost ? 'conversation' : 'decision'
}

function waitsOf(state: SessionModel, limits: SessionLimits, startWaitsFor?: 'slot' | 'memory'): Wait[] {
  const { agent, active, blockedBy, permissions } = state
  const waits: Wait[] = []
  if (blockedBy !== undefined) waits.push({ kind: decisionOf(state.terms), since: undefined, subject: blockedBy })
  for (const { id, dueAt } of permissions)
    waits.push({ kind: 'permission', since: dueAt - limits.permissionMs, subject: id })
  for (const { id, dueAt } of state.elicitations)
    waits.push({ kind: 'elicitation', since: dueAt - limits.permissionMs, subject: id })
  if (agent.kind === 'stopping')
    waits.push({ kind: 'agent_stop', since: agent.deadlineAt - limits.stopMs, subject: undefined })
  if (state.isPaused && state.queue.length > 0) waits.push({ kind: 'safe_mode', since: undefined, subject: undefined })
  if (state.lanePass?.isHeld === false) waits.push({ kind: 'lane', since: undefined, subject: state.lanePass.lane })
  if (agent.kind === 'starting')
    waits.push({ kind: startWaitsFor ?? 'agent_start', since: agent.deadlineAt - limits.startMs, subject: undefined })
  const asked = state.changes[0]?.sent
  if (asked !== undefined) waits.push({ kind: 'control', since: asked.since, subject: undefined })
  if (active === undefined || active.stage === 'waiting') return waits
  const { cancelling, turnId, lastSignAt } = active
  if (cancelling !== undefined)
    waits.push({ kind: 'cancel', since: cancelling.graceAt - fullGraceMs(limits), subject: turnId })
  else if (!waitsForPerson(state)) waits.push({ kind: 'agent', since: lastSignAt, subject: turnId })
  return waits
}

function freesOf({ phase, blockedBy, permissions, elicitations, active }: SessionModel): string[] {
  if (phase.kind === 'closed') return []
  const frees: string[] = []
  if (blockedBy !== undefined) frees.push('resumeSession')
  if (permissions.length > 0) frees.push('answerPermission')
  if (elicitations.length > 0) frees.push('answerElicitation')
  if (active !== undefined) frees.push('cancel')
  if (phase.kind === 'open') frees.push('closeSession')
  return frees
}
