// Lives and safe mode to wire, as views.ts does for records.

import type { CrashView, StatusView } from '../wire/gateway.ts'
import type { CrashStatus, HealthStatus } from './ports.ts'
import { timeText } from './views.ts'

export type HealthView = Pick<StatusView, 'safe_mode' | 'lives' | 'last_crash'>

export function healthView({ safeMode, lives, crashes, lastCrash }: HealthStatus): HealthView {
  return {
    safe_mode: safeMode === undefined ? null : safeModeView(safeMode),
    lives: { known: lives, crashed: crashes },
    last_crash: lastCrash === undefined ? null : crashView(lastCrash),
  }
}

export function crashView(crash: CrashStatus): CrashView {
  const { epoch, pid, version, how, reason, turnsTakenOver, turnsInterrupted } = crash
  return {
    epoch,
    pid,
    version,
    started_at: timeText(crash.startedAt),
    ended_at: timeText(crash.endedAt),
    how,
    reason,
    turns_taken_over: turnsTakenOver ?? null,
    turns_interrupted: turnsInterrupted ?? null,
  }
}

function safeModeView({ since, endsAt, crashes }: NonNullable<HealthStatus['safeMode']>): StatusView['safe_mode'] {
  return { since: timeText(since), ends_at: timeText(endsAt), crashes }
}
