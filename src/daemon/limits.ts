// The bounds of a session, taken from the option table.

import type { Config } from '../config/config.ts'
import { LOAD_WAIT_MS_MAX } from '../agent/quirks/wait-to-load.ts'
import { boundLanesOf } from '../session/agents/lanes.ts'
import type { LaneBounds } from '../session/agents/lanes.ts'
import type { SessionLimits } from '../session/state.ts'

/** The stop ladder's own rungs (stdin 2 s, TERM 3 s, sweep 5 s) with room for a busy machine. */
const STOP_MS = 30_000

/** Setting an option is a matter of the agent alone: no model is asked. */
export const CONTROL_MS = 10_000

/** Doubles with each start that fails in a row. */
const START_PAUSE_MS = 250
/** What was on its way when the agent answered is there by then. */
const LATE_OUTPUT_MS = 1_000

export function sessionLimitsOf(config: Config): SessionLimits {
  const { deadlines, limits, permissions } = config
  return {
    // A start may wait for a slot first; each phase has its own deadline inside, and so has what an agent's quirk waits for.
    startMs: deadlines.agentSlotMs + deadlines.initializeMs + LOAD_WAIT_MS_MAX + deadlines.sessionNewMs + CONTROL_MS,
    silenceMs: deadlines.silenceMs,
    turnMs: deadlines.turnMs,
    cancelGraceMs: deadlines.cancelGraceMs,
    permissionMs: deadlines.permissionMs,
    stopMs: STOP_MS,
    controlMs: CONTROL_MS,
    queueDepthMax: limits.queueDepthMax,
    queuedMax: limits.queuedMax,
    startPauseMs: START_PAUSE_MS,
    agentQuietMs: deadlines.agentQuietMs,
    lateOutputMs: LATE_OUTPUT_MS,
    boundLanes: boundLanesOf(laneBoundsOf(config)),
    permissionsOpenMax: limits.permissionsOpenMax,
    unattended: permissions.unattended,
    turnBytesMax: limits.turnBytesMax,
    turnEventsMax: limits.turnEventsMax,
  }
}

export function laneBoundsOf({ lanes }: Config): LaneBounds {
  return {
    interactive: lanes['interactive.turnsMax'],
    background: lanes['background.turnsMax'],
    scheduled: lanes['scheduled.turnsMax'],
  }
}
