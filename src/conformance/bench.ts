// What every look at a running agent needs.

import type { ProbePrompts } from './probe-prompts.ts'
import type { AskOptions, TestedAgent } from './tested-agent.ts'

export interface Bench {
  readonly agent: TestedAgent
  /** Where its sessions are; empty at first. */
  readonly cwd: string
  readonly prompts: ProbePrompts
  readonly options: AskOptions
}
