// Which containment an agent is to have: what its definition says, else the options of all agents.

import type { Config } from './config.ts'
import { invalid, type Place } from './invalid.ts'

export type ContainmentMode = Config['agents']['containment']

/** What one definition may say; what it does not say is as for all. */
export interface ContainmentFields {
  readonly containment?: ContainmentMode | undefined
  readonly memoryBytesMax?: number | undefined
  readonly processesMax?: number | undefined
}

/** Complete. Limits of 0 are none. */
export type ContainmentChoice =
  | { readonly mode: 'tag' }
  | { readonly mode: 'bwrap' }
  | { readonly mode: 'cgroup'; readonly memoryBytesMax: number; readonly processesMax: number }

const LIMITS = ['memoryBytesMax', 'processesMax'] as const

/** `auto` is `tag`: the strong modes change what an agent sees, so somebody has to ask for them. */
export function containmentOf(all: Config['agents'], one: ContainmentFields): ContainmentChoice {
  const mode = one.containment ?? all.containment
  const memoryBytesMax = one.memoryBytesMax ?? all.memoryBytesMax
  const processesMax = one.processesMax ?? all.processesMax
  if (mode === 'cgroup') return { mode, memoryBytesMax, processesMax }
  return { mode: mode === 'auto' ? 'tag' : mode }
}

/** CONFIG_INVALID for a limit that nothing would enforce. `key` is where it would be set, such as `agents.pi`. */
export function checkContainment(all: Config['agents'], one: ContainmentFields, key: string, place: Place): void {
  if (containmentOf(all, one).mode === 'cgroup') return
  const limit = LIMITS.find((name) => (one[name] ?? all[name]) > 0)
  if (limit === undefined) return
  throw invalid(`${key}.${limit}`, `needs ${key}.containment to be cgroup; 0 is no limit`, place)
}
