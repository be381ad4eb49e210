// Stop ladder of one process tree: end stdin → SIGTERM and SIGCONT to the group → kill the enclosure → sweep → proven gone.
// Owns the order of the rungs and their times. Never decides whether to stop; its owner does.

import { deadline } from '../base/deadline.ts'
import { signalGroup, trySignal } from './signals.ts'
import type { Enclosure } from './enclosure.ts'
import type { ProcessScanner } from './process-scanner.ts'
import type { Child, ExitStatus } from './spawn.ts'
import { sweep, sweepGroup, type SweepReport } from './sweep.ts'
import type { Ownership } from './tag-value.ts'

/** How long each rung may take, in milliseconds (reliability 2.6). */
export interface StopTimes {
  readonly stdinMs: number
  readonly termMs: number
  readonly sweepMs: number
}

export const STOP_TIMES: StopTimes = { stdinMs: 2_000, termMs: 3_000, sweepMs: 5_000 }

export interface StopTarget {
  readonly child: Child
  readonly owner: Ownership
  /** Asks politely: ends what the child reads. */
  readonly endInput: () => void
  /** What stands around the tree, where something does. */
  readonly enclosure?: Pick<Enclosure, 'kill'>
}

export interface LadderReport extends SweepReport {
  /** True when the root did not exit by itself at the end of its input. */
  readonly forced: boolean
  readonly exit: ExitStatus | undefined
  readonly ms: number
}

/**
 * Climbs as far as needed; the sweep always runs, because a root that exited well may have left children. Starts at the
 * sweep when the root is gone already. Takes at most the sum of `times` and a little more; never rejects.
 */
export async function climbStopLadder(
  target: StopTarget,
  scanner: Pick<ProcessScanner, 'scan'>,
  times: StopTimes = STOP_TIMES,
): Promise<LadderReport> {
  const startedAt = performance.now()
  const { child } = target
  let forced = false
  target.endInput()
  if (!(await exitsWithin(child, times.stdinMs))) {
    forced = true
    signalTree(child, 'SIGTERM')
    // A stopped process keeps SIGTERM pending until it is continued.
    signalTree(child, 'SIGCONT')
    await exitsWithin(child, times.termMs)
  }
  await target.enclosure?.kill()
  const swept = await sweepTree(target, scanner, times.sweepMs)
  // The sweep killed it; waiting for it here makes the exit part of the report.
  if (swept.survivors.length === 0) await exitsWithin(child, REAP_MS_MAX)
  return { ...swept, forced, exit: child.exit(), ms: Math.round(performance.now() - startedAt) }
}

/** The last rung alone; also for a lease whose child is not ours to wait for. */
export function sweepTree(
  { child, owner }: Pick<StopTarget, 'child' | 'owner'>,
  scanner: Pick<ProcessScanner, 'scan'>,
  msMax: number,
): Promise<SweepReport> {
  if (child.birth === undefined) return sweepGroup(child.pid, { msMax })
  return sweep({ owner, root: child.birth }, scanner, { msMax })
}

const REAP_MS_MAX = 500

async function exitsWithin(child: Child, ms: number): Promise<boolean> {
  if (child.exit() !== undefined) return true
  await deadline(child.exited, { ms, stage: 'exit' }).catch(() => undefined)
  return child.exit() !== undefined
}

/** Without /proc the proof is that nobody has waited for the child yet. */
function signalTree(child: Child, signal: NodeJS.Signals): void {
  if (child.birth !== undefined) signalGroup(child.birth, signal)
  else if (child.exit() === undefined) trySignal(-child.pid, signal)
}
