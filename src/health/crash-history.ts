// The lives on record as people ask about them: how many, how many ended unasked, and the story of the last of those.

import { isUnclean } from '../store/lives.ts'
import type { LifeEnd, LifeRecord } from '../store/lives.ts'

export interface CrashHistory {
  readonly lives: number
  readonly crashes: number
  readonly lastCrash: Crash | undefined
}

export interface Crash extends Pick<LifeRecord, 'epoch' | 'pid' | 'version' | 'startedAt'> {
  readonly endedAt: number
  readonly how: Exclude<LifeEnd, 'stopped' | 'restart' | 'failed'>
  readonly reason: string
  /** What the life after it made of the turns that it left running; undefined while that has not looked. */
  readonly turnsTakenOver: number | undefined
  readonly turnsInterrupted: number | undefined
}

/** `lives`: newest first. */
export function crashHistoryOf(lives: readonly LifeRecord[]): CrashHistory {
  const unclean = lives.map(({ end }) => end !== undefined && isUnclean(end))
  const index = unclean.indexOf(true)
  return {
    lives: lives.length,
    crashes: unclean.filter(Boolean).length,
    lastCrash: index === -1 ? undefined : toCrash(lives[index]!, lives[index - 1]),
  }
}

function toCrash({ epoch, pid, version, startedAt, end }: LifeRecord, next: LifeRecord | undefined): Crash {
  const { at: endedAt, reason = '', how } = end!
  const { turnsTakenOver, turnsInterrupted } = next ?? {}
  return { epoch, pid, version, startedAt, endedAt, how: how as Crash['how'], reason, turnsTakenOver, turnsInterrupted }
}
