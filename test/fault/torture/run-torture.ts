// The whole torture: rounds of kills, in worlds of their own so that the cost of a round stays what it is.

import { runWorld } from './torture-world.ts'
import type { RoundReport } from './torture-world.ts'

const ROUNDS_PER_WORLD = 25

export interface TortureOptions {
  readonly rounds: number
  readonly seed: number
  onRound(world: number, report: RoundReport): void
}

export interface TortureTotals {
  worlds: number
  kills: number
  keepers: number
  turns: number
  events: number
  shown: number
  received: number
}

/** Rejects at the first broken rule. World `i` has the seed `seed + i`, so that it can be run alone. */
export async function runTorture({ rounds, seed, onRound }: TortureOptions): Promise<TortureTotals> {
  const totals: TortureTotals = { worlds: 0, kills: 0, keepers: 0, turns: 0, events: 0, shown: 0, received: 0 }
  for (let done = 0; done < rounds; done += ROUNDS_PER_WORLD) {
    const world = totals.worlds++
    let last: RoundReport | undefined
    const note = (report: RoundReport): void => {
      last = report
      onRound(world, report)
    }
    await runWorld({ seed: seed + world, rounds: Math.min(ROUNDS_PER_WORLD, rounds - done), onRound: note })
    for (const name of ['kills', 'keepers', 'turns', 'events', 'shown', 'received'] as const)
      totals[name] += last?.[name] ?? 0
  }
  return totals
}
