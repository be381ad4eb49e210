// How a life ended that did not write its end, from what it left behind. Pure. Says what is known and nothing more.

import type { LifeEnding, LifeRecord, MemoryGroup } from '../store/lives.ts'
import type { CrashRecord } from './crash-record.ts'

export interface Evidence {
  /** The last one that was written, by whatever life. */
  readonly record: CrashRecord | undefined
  /** The boot that we live in; empty where there is none. */
  readonly bootId: string
  /** Our own control group, as it is now. */
  readonly memory: MemoryGroup | undefined
  /** What the JavaScript engine printed when it gave up, if that is in the log behind the last line of this life. */
  readonly lastWords: string | undefined
  /** Epoch ms at which the end was found. */
  readonly foundAt: number
}

export function causeOfDeath(life: LifeRecord, evidence: Evidence): LifeEnding {
  const { record, bootId, lastWords, foundAt: at } = evidence
  if (record !== undefined && record.epoch === life.epoch && record.pid === life.pid) return toEnding(record)
  const end = (how: LifeEnding['how'], reason: string): LifeEnding => ({ at, how, code: undefined, reason })
  if (bootId !== '' && life.bootId !== '' && bootId !== life.bootId) {
    return end('machine_down', 'the machine was restarted, or lost its power, while it ran')
  }
  if (lastWords !== undefined) return end('crashed', lastWords)
  if (life.askedAt !== undefined) return end('stopped', 'it had been asked to end, and was killed before it was done')
  return end('killed', reasonOfKill(life, evidence))
}

function toEnding({ kind, at, code, reason }: CrashRecord): LifeEnding {
  const how = ({ exception: 'crashed', failed: 'failed', wedged: 'wedged', forced: 'stopped' } as const)[kind]
  return { at, how, code, reason }
}

/** The kernel counts for the whole group, agents included: it may have been another process of it. */
function reasonOfKill({ memory: then }: LifeRecord, { memory: now }: Evidence): string {
  const kills = then !== undefined && then.path === now?.path ? now.oomKills - then.oomKills : 0
  if (kills <= 0) return 'SIGKILL does that, and so does a want of memory; nothing here says which'
  const processes = kills === 1 ? 'a process' : `${kills} processes`
  return `for want of memory the kernel ended ${processes} of its control group meanwhile; it may have been one`
}
