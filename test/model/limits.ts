// The bounds of the session that a schedule is about, in virtual time.

import type { SessionLimits } from '../../src/session/state.ts'

export const LIMITS: SessionLimits = {
  startMs: 30_000,
  silenceMs: 20_000,
  turnMs: 90_000,
  cancelGraceMs: 5_000,
  permissionMs: 15_000,
  stopMs: 10_000,
  controlMs: 1_000,
  queueDepthMax: 4,
  queuedMax: 1_000,
  startPauseMs: 500,
  agentQuietMs: 2_000,
  lateOutputMs: 1_000,
  boundLanes: ['background'],
  permissionsOpenMax: 4,
  turnBytesMax: 1_000_000,
  turnEventsMax: 1_000,
}
