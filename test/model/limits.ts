// The bounds of the simulator's session, in virtual milliseconds.

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
  permissionsOpenMax: 4,
  turnBytesMax: 1_000_000,
  turnEventsMax: 1_000,
}
