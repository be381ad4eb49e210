// The crash-loop brake: when too many lives in a row ended unasked in too short a time. Pure.

import { isUnclean } from '../store/lives.ts'
import type { LifeRecord } from '../store/lives.ts'

export interface BrakeLimits {
  /** Unclean ends that put the brake on; 0 = never. */
  readonly crashesMax: number
  readonly windowMs: number
}

/**
 * Unclean ends within the window since the last deliberate one, or since a person ended a safe mode. `lives`: those before the present one,
 * newest first, each with its end. An end with a code is neither: it said what is wrong, and a supervisor has its own limit for that.
 */
export function countCrashes(lives: readonly LifeRecord[], { windowMs }: BrakeLimits, now: number): number {
  let crashes = 0
  for (const { end, safeMode } of lives) {
    if (end === undefined || end.at < now - windowMs) break
    if (end.how === 'stopped' || end.how === 'restart') break
    if (isUnclean(end)) crashes++
    if (safeMode === 'left') break
  }
  return crashes
}

export function isBraked(crashes: number, { crashesMax }: BrakeLimits): boolean {
  return crashesMax > 0 && crashes >= crashesMax
}
