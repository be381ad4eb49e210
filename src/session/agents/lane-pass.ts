// The session's right to have one turn out in a lane that bounds its turns. Asked for when the head of the queue needs one, given back
// when that turn has ended or nothing needs it, so that the sessions of a lane take turns. Lanes without a bound are never asked for.

import type { Lane } from '../../store/records.ts'
import type { Draft } from '../draft.ts'
import { isOwnTurn } from '../turns/own-turn.ts'

/** Whether a turn of `lane` may go out now; if not, the pass is asked for and comes as an input. */
export function hasLanePass(draft: Draft, lane: Lane): boolean {
  const { state, limits } = draft
  if (!limits.boundLanes.includes(lane)) return true
  const { lanePass } = state
  if (lanePass?.lane === lane && !lanePass.isUsed) return lanePass.isHeld
  returnPass(draft)
  const no = ++state.lanePassNo
  state.lanePass = { no, lane, isHeld: false, isUsed: false }
  draft.effect({ kind: 'lane.enter', no, lane, isTaken: false })
  return false
}

/** The pass that was asked for is there. One that was given back meanwhile is of an older number. */
export function lanePassed(draft: Draft, no: number): void {
  const { lanePass } = draft.state
  if (lanePass?.no === no) draft.state.lanePass = { ...lanePass, isHeld: true }
}

/** The turn for which it was asked is out. */
export function useLanePass({ state }: Draft): void {
  if (state.lanePass !== undefined) state.lanePass = { ...state.lanePass, isUsed: true }
}

/** A turn that goes on from an earlier life counts in its lane, also beyond its bound. */
export function takeLanePass(draft: Draft, lane: Lane): void {
  if (!draft.limits.boundLanes.includes(lane)) return
  const no = ++draft.state.lanePassNo
  draft.state.lanePass = { no, lane, isHeld: true, isUsed: true }
  draft.effect({ kind: 'lane.enter', no, lane, isTaken: true })
}

/** The last rule of every transition: a pass that nothing needs any more is given back. */
export function settleLanePass(draft: Draft): void {
  const { lanePass, active, queue, phase, blockedBy } = draft.state
  if (lanePass === undefined) return
  const head = phase.kind === 'open' && blockedBy === undefined ? queue[0] : undefined
  const isOut = active !== undefined && !isOwnTurn(active)
  const needs = isOut ? active : lanePass.isUsed ? undefined : head
  if (needs?.lane !== lanePass.lane) returnPass(draft)
}

function returnPass(draft: Draft): void {
  const { lanePass } = draft.state
  if (lanePass === undefined) return
  draft.state.lanePass = undefined
  draft.effect({ kind: 'lane.leave', no: lanePass.no })
}
