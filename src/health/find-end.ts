// How a life ended that did not write it: gathers what it left and asks for the cause.

import { readOomKills } from '../process/oom-kills.ts'
import type { LifeEnding, LifeRecord } from '../store/lives.ts'
import { causeOfDeath } from './cause-of-death.ts'
import { readCrashRecord } from './crash-record.ts'
import { readLastWords } from './last-words.ts'

export interface LeftBehind {
  readonly crashFile: string
  /** Undefined: the log goes where we cannot read it. */
  readonly logFile: string | undefined
  readonly bootId: string
  /** Epoch ms. */
  readonly foundAt: number
}

export function findEnd(life: LifeRecord, { crashFile, logFile, bootId, foundAt }: LeftBehind): LifeEnding {
  const record = readCrashRecord(crashFile)
  const lastWords = logFile === undefined ? undefined : readLastWords(logFile, life.pid)
  return causeOfDeath(life, { record, bootId, memory: readOomKills(), lastWords, foundAt })
}
