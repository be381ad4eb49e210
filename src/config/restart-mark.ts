// What a gateway that restarts leaves in its run directory for commands: wait for the next life instead of starting another gateway, which
// would take the lock that this one needs. A hint with an end of its own; the lock decides who serves.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Beyond this nobody waits: who was to come did not. Also bounds what a clock that was set can do. */
export const RESTART_MARK_MS = 15_000

/** From `now` on (epoch ms) the next life is expected. A disk that takes no file costs only the hint. */
export function markRestart(runDir: string, now: number): void {
  try {
    writeFileSync(markPath(runDir), `${now + RESTART_MARK_MS}\n`, { mode: 0o600 })
  } catch {
    // Commands start a gateway then, as if this one were gone.
  }
}

/** The next life serves, or nobody is to be waited for. */
export function clearRestartMark(runDir: string): void {
  rmSync(markPath(runDir), { force: true })
}

/** True while the next life of a gateway is expected. */
export function isRestartMarked(runDir: string, now: number): boolean {
  try {
    const until = Number(readFileSync(markPath(runDir), 'utf8'))
    return now < until && until <= now + RESTART_MARK_MS
  } catch {
    return false
  }
}

function markPath(runDir: string): string {
  return join(runDir, 'restarting')
}
