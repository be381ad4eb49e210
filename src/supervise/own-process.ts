// What the kernel says of this process: enough to tell whose child it is and in which control group it lives.

import { readFileSync } from 'node:fs'

export interface OwnProcess {
  readonly pid: number
  readonly ppid: number
  /** /proc/self/cgroup; empty where there is none. */
  readonly cgroup: string
  /** Command line of the parent; empty when it cannot be read. */
  readonly parentArgv: readonly string[]
}

export function readOwnProcess(): OwnProcess {
  const { pid, ppid } = process
  const parentArgv = readProc(`${ppid}/cmdline`).split('\0').slice(0, -1)
  return { pid, ppid, cgroup: readProc('self/cgroup'), parentArgv }
}

function readProc(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, 'utf8')
  } catch {
    return ''
  }
}
