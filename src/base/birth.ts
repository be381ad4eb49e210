// Who a process is: boot id, pid and start time. A pid alone names nobody, because pids are used again.
// Owns reading /proc/PID/stat. Never signals anybody.

import { readFileSync } from 'node:fs'

/** Identity within one boot. `startTicks` is the start time in clock ticks since boot, as decimal text. */
export interface Birth {
  readonly pid: number
  readonly startTicks: string
}

export interface ProcessStat extends Birth {
  /** One letter of proc(5): R, S, D, T, t, Z, X, I … */
  readonly state: string
  readonly ppid: number
  readonly pgid: number
  readonly sid: number
}

/** The kernel's id of this boot; empty where there is none (not Linux). Start times of another boot mean nothing. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

/** Undefined when there is no such process, or no /proc. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return undefined
  }
}

/** Parses one line of /proc/PID/stat. The command name may hold spaces, parentheses and newlines: the last `)` ends it. */
export function parseStat(text: string): ProcessStat | undefined {
  const end = text.lastIndexOf(')')
  if (end === -1) return undefined
  const pid = Number.parseInt(text, 10)
  const fields = text.slice(end + 2).split(' ', 20)
  const [state, ppid, pgid, sid] = fields
  const startTicks = fields[19]
  if (!pid || !state || !startTicks) return undefined
  return { pid, state, ppid: Number(ppid), pgid: Number(pgid), sid: Number(sid), startTicks }
}

/** A zombie has ended: it runs nothing, and only its parent can remove it. */
export function isDead(stat: ProcessStat): boolean {
  return stat.state === 'Z' || stat.state === 'X' || stat.state === 'x'
}

/** True while exactly this process, not another one with its pid, is alive. */
export function isAlive(birth: Birth): boolean {
  const stat = readStat(birth.pid)
  return stat !== undefined && stat.startTicks === birth.startTicks && !isDead(stat)
}
