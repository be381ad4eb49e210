// The story of the last life of a gateway that does not run, if nobody had asked for its end: what the next start would find.

import { join } from 'node:path'

import { readBootId } from '../base/birth.ts'
import { systemClock } from '../base/clock.ts'
import { crashView } from '../api/health-view.ts'
import { pathsOf } from '../config/paths.ts'
import { systemEnvironment } from '../config/environment.ts'
import { crashHistoryOf } from '../health/crash-history.ts'
import { crashFileOf } from '../health/crash-record.ts'
import { findEnd } from '../health/find-end.ts'
import type { LifeRecord } from '../store/lives.ts'
import { readLives } from '../store/read-lives.ts'
import { STORE_FILE } from '../store/state-dir.ts'
import type { CrashView } from '../wire/gateway.ts'

/** Writes nothing. Undefined when the last life ended as it should. STORE_FAILED when its database cannot be read. */
export async function readLastCrash(): Promise<CrashView | undefined> {
  const { stateDir } = pathsOf(systemEnvironment())
  const [newest] = await readLives(join(stateDir, STORE_FILE), 1)
  const { lastCrash } = crashHistoryOf(newest === undefined ? [] : [withEnd(newest)])
  return lastCrash && crashView(lastCrash)
}

function withEnd(life: LifeRecord): LifeRecord {
  const { stateDir, logFile } = pathsOf(systemEnvironment())
  const left = { crashFile: crashFileOf(stateDir), logFile, bootId: readBootId(), foundAt: systemClock.now() }
  return { ...life, end: life.end ?? findEnd(life, left) }
}
