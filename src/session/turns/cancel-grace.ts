// How long a cancelled turn may go on: until the agent is asked a second time, in another way, and until its process is ended.

import type { Draft } from '../draft.ts'
import type { SessionLimits, SessionModel } from '../state.ts'

/** The end of the grace belongs to the second request; a part of the configured time, so that both shrink together. */
const LAST_PART = 4
const LAST_GRACE_MS_MAX = 2_000

/** From `$/cancel_request` to the end by force. */
export function lastGraceMs({ cancelGraceMs }: Pick<SessionLimits, 'cancelGraceMs'>): number {
  return Math.min(LAST_GRACE_MS_MAX, Math.floor(cancelGraceMs / LAST_PART))
}

/** From `session/cancel` to the end by force. */
export function fullGraceMs(limits: Pick<SessionLimits, 'cancelGraceMs'>): number {
  return limits.cancelGraceMs + lastGraceMs(limits)
}

/** Epoch ms: the end of the grace of a cancel that begins now, as far as a drain leaves it. */
export function graceEnd({ now, limits, state: { phase } }: Draft): number {
  return boundByDrain(now + fullGraceMs(limits), phase)
}

/** A cancel that was under way when the drain began has no more time than one of the drain. */
export function boundByDrain(graceAt: number, phase: SessionModel['phase']): number {
  return phase.kind === 'draining' ? Math.min(graceAt, phase.graceAtMax) : graceAt
}
