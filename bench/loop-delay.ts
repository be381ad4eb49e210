// Asks a gateway that runs with loop-delay.mjs for its event-loop delay during a piece of work.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { pause } from '../src/base/deadline.ts'

export interface LoopDelay {
  readonly p99Ms: number
  readonly maxMs: number
}

export const LOOP_DELAY_IMPORT = new URL('./loop-delay.mjs', import.meta.url).href

const ANSWER_MS_MAX = 5_000
const POLL_MS = 5

export function loopDelayFile(home: string): string {
  return join(home, 'loop-delay.json')
}

/** The probe ticks every ms, so about 1 ms of what it says is its own. */
export async function loopDelayDuring(pid: number, home: string, work: () => Promise<unknown>): Promise<LoopDelay> {
  const file = loopDelayFile(home)
  process.kill(pid, 'SIGUSR2')
  await report(file, true)
  await work()
  process.kill(pid, 'SIGUSR2')
  return report(file, false)
}

async function report(file: string, running: boolean): Promise<LoopDelay> {
  for (let waitedMs = 0; waitedMs < ANSWER_MS_MAX; waitedMs += POLL_MS) {
    const found = read(file)
    if (found?.running === running) return found
    await pause(POLL_MS)
  }
  throw new Error('the gateway does not report its event-loop delay')
}

function read(file: string): (LoopDelay & { running: boolean }) | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LoopDelay & { running: boolean }
  } catch {
    return undefined // not written yet
  }
}
