// How many processes of our control group the kernel has ended for want of memory, as it counts them itself.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { groupsOf, type MemoryFiles, SYSTEM_FILES } from './free-memory.ts'

export interface OomKills {
  /** Directory of the innermost control group that accounts for our memory. */
  readonly path: string
  readonly oomKills: number
}

/** Since that group was made. Undefined where the kernel does not say. */
export function readOomKills({ proc, cgroup }: MemoryFiles = SYSTEM_FILES): OomKills | undefined {
  const innermost = groupsOf(read(join(proc, 'self/cgroup')), cgroup).at(-1)
  if (innermost === undefined) return undefined
  const [path] = innermost
  for (const file of ['memory.events', 'memory.oom_control']) {
    const count = /^oom_kill (\d+)$/m.exec(read(join(path, file)))?.[1]
    if (count !== undefined) return { path, oomKills: Number(count) }
  }
  return undefined
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
