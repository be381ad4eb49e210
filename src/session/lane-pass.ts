// The session's right to have a turn out in a lane that bounds its turns. Asked for when the head of the queue needs one, given back
// when nothing needs it. Lanes without a bound are never asked for.

import type { Lane } from '../store/records.ts'
import type { Draft } from './draft.ts'
import { isOwnTurn } from './own-turn.ts'

/** Whether a turn of `lane` may go out now; if not, the pass is asked for and comes as an input. */
export function hasLanePass(draft: Draft, lane: Lane): boolean {
  const { state, limits } = draft
  if (!limits.boundLanes.includes(lane)) return true
  if (state.lanePass?.lane === lane) return state.lanePass.isHeld
  returnPass(draft)
  const no = ++state.lanePassNo
  state.lanePass = { no, lane, isHeld: false }
  draft.effect({ kind: 'lane.enter', no, lane, isTaken: false })
  return false
}

/** The pass that was asked for is there. One that was given back meanwhile is of an older number. */
export function lanePassed(draft: Draft, no: number): void {
  const { lanePass } = draft.state
  if (lanePass?.no === no) draft.state.lanePass = { ...lanePass, isHeld: true }
}

/** A turn that goes on from an earlier life counts in its lane, also beyond its bound. */
export function takeLanePass(draft: Draft, lane: Lane): void {
  if (!draft.limits.boundLanes.includes(lane)) return
  const no = ++draft.state.lanePassNo
  draft.state.lanePass = { no, lane, isHeld: true }
  draft.effect({ kind: 'lane.enter', no, lane, isTaken: true })
}

/** The last rule of every transition: a pass that nothing needs any more is given back. */
export function settleLanePass(draft: Draft): void {
  const { lanePass, active, queue, phase, blockedBy } = draft.state
  if (lanePass === undefined) return
  const head = phase.kind === 'open' && blockedBy === undefined ? queue[0] : undefined
  const needs = active !== undefined && !isOwnTurn(active) ? active : head
  if (needs?.lane !== lanePass.lane) returnPass(draft)
}

function returnPass(draft: Draft): void {
  const { lanePass } = draft.state
  if (lanePass === undefined) return
  draft.state.lanePass = undefined
  draft.effect({ kind: 'lane.leave', no: lanePass.no })
}
