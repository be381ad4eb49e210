// `holdfast agent`: the built-in agent, without a gateway. The process belongs to it from here on.

import type { CommandContext } from '../context.ts'

export function agent({ deps }: CommandContext): Promise<number> {
  return deps.runAgent()
}
