// The story of the last life that ended unasked, for a gateway that does not run: what its next start would find.

import { readBootId } from '../base/birth.ts'
import { systemClock } from '../base/clock.ts'
import { crashView } from '../api/health-view.ts'
import { pathsOf } from '../config/paths.ts'
import { systemEnvironment } from '../config/environment.ts'
import { crashHistoryOf } from '../health/crash-history.ts'
import { crashFileOf } from '../health/crash-record.ts'
import { findEnd } from '../health/find-end.ts'
import { LOCAL_NODE } from '../store/local-wake.ts'
import type { LifeRecord } from '../store/lives.ts'
import type { CrashView } from '../wire/gateway.ts'
import { withStoppedStore } from './stopped-store.ts'

/** Writes nothing. Undefined when the last life ended as it should. INSTANCE_LOCKED while a gateway runs. */
export function readLastCrash(version: string): Promise<CrashView | undefined> {
  return withStoppedStore(version, async (store) => {
    const [newest, ...earlier] = await store.lives.list(LOCAL_NODE, 2)
    if (newest === undefined) return undefined
    const { lastCrash } = crashHistoryOf([withEnd(newest), ...earlier])
    return lastCrash?.epoch === newest.epoch ? crashView(lastCrash) : undefined
  })
}

function withEnd(life: LifeRecord): LifeRecord {
  const { stateDir, logFile } = pathsOf(systemEnvironment())
  const left = { crashFile: crashFileOf(stateDir), logFile, bootId: readBootId(), foundAt: systemClock.now() }
  return { ...life, end: life.end ?? findEnd(life, left) }
}
