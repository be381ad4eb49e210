// The bounds of a session, taken from the option table.

import type { Config } from '../config/config.ts'
import type { SessionLimits } from '../session/state.ts'

/** The stop ladder's own rungs (stdin 2 s, TERM 3 s, sweep 5 s) with room for a busy machine. */
const STOP_MS = 30_000

/** Setting an option is a matter of the agent alone: no model is asked. */
export const CONTROL_MS = 10_000

export function sessionLimitsOf({ deadlines, limits, permissions }: Config): SessionLimits {
  return {
    // A start may wait for a slot first; each phase has its own deadline inside.
    startMs: deadlines.initializeMs * 2 + deadlines.sessionNewMs + CONTROL_MS,
    silenceMs: deadlines.silenceMs,
    turnMs: deadlines.turnMs,
    cancelGraceMs: deadlines.cancelGraceMs,
    permissionMs: deadlines.permissionMs,
    stopMs: STOP_MS,
    controlMs: CONTROL_MS,
    queueDepthMax: limits.queueDepthMax,
    permissionsOpenMax: limits.permissionsOpenMax,
    unattended: permissions.unattended,
    turnBytesMax: limits.turnBytesMax,
    turnEventsMax: limits.turnEventsMax,
  }
}
