// Who we are, for the row in the instance lock: enough to name the owner in a message.

import { readBootId, readStat } from '../base/birth.ts'

export function readOwnBirth(): { pid: number; start: string; boot: string } {
  return { pid: process.pid, start: readStat(process.pid)?.startTicks ?? '', boot: readBootId() }
}
