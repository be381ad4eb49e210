// What the demo agent is told at its start: where conversations are kept, and how fast it talks.

import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

export interface DemoSettings {
  readonly stateDir: string
  /** Pause between two words of an answer, in milliseconds. */
  readonly wordMs: number
}

const WORD_MS = 20
const WORD_MS_MAX = 1_000

/** `HOLDFAST_DEMO_STATE`: the folder of the conversations. `--word-ms=N`: pause between words, 0 to 1,000. */
export function readSettings(env: Readonly<Record<string, string | undefined>>, args: readonly string[]): DemoSettings {
  const pace = args.map((arg) => /^--word-ms=(\d{1,4})$/.exec(arg)?.[1]).find((value) => value !== undefined)
  return {
    stateDir: env['HOLDFAST_DEMO_STATE'] || join(tmpdir(), `holdfast-demo-${userInfo().uid}`),
    wordMs: Math.min(Number(pace ?? WORD_MS), WORD_MS_MAX),
  }
}
