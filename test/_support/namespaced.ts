// Finds processes by what they told about themselves, also from inside a pid namespace, where they have other pids.

import { readdirSync, readFileSync } from 'node:fs'

/** Pids, as we see them, of live processes whose own pid (the innermost) and start time are among `births` (`pid startTicks`). */
export function findTellers(births: readonly string[]): number[] {
  return readdirSync('/proc').flatMap((name) => {
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : ''
    const match = /^\d+ \([^]*\) (\S) (.*)/.exec(stat)
    if (!match || match[1] === 'Z' || match[1] === 'X') return []
    const startTicks = match[2]?.split(' ')[18]
    const own = /^NSpid:\s.*?(\d+)$/m.exec(read(`/proc/${name}/status`))?.[1]
    return births.includes(`${own} ${startTicks}`) ? [Number(name)] : []
  })
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
