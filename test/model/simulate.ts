// Many schedules of one world, one after the other: which rule broke and in which schedule, or what all of them reached.

import { InvariantBroken } from './invariant.ts'
import type { ModelStore } from './model-store.ts'
import type { WorldKind } from './worlds.ts'

export interface Run {
  readonly first: number
  readonly schedules: number
  /** Called after each schedule with how many are done. */
  onSchedule?(done: number): void
}

export type Verdict =
  | { readonly kind: 'held' }
  | { readonly kind: 'broken'; readonly seed: number; readonly rule: string; readonly story: readonly string[] }
  /** Nothing broke, and nothing was proved about these. */
  | { readonly kind: 'unreached'; readonly missing: readonly string[] }

/** Fewer than this may well miss something that is rare. */
const SCHEDULES_TO_REACH_ALL = 1_000

/** Ends at the first break. Throws only what is no broken rule, with its seed: that is a bug of the simulator. */
export function simulate(world: WorldKind, { first, schedules, onSchedule }: Run): Verdict {
  const reached = new Set<string>()
  for (let done = 0; done < schedules; done++) {
    const seed = first + done
    const schedule = world.make(seed)
    try {
      schedule.run()
    } catch (error) {
      if (!(error instanceof InvariantBroken)) throw new Error(`world ${world.name}, seed ${seed}`, { cause: error })
      return { kind: 'broken', seed, rule: error.message, story: schedule.stores().flatMap(storyOf) }
    }
    for (const each of schedule.reached()) reached.add(each)
    onSchedule?.(done + 1)
  }
  const missing = schedules < SCHEDULES_TO_REACH_ALL ? [] : world.reaches.filter((each) => !reached.has(each))
  return missing.length === 0 ? { kind: 'held' } : { kind: 'unreached', missing }
}

/** One line per stored event, as far as the schedule came. */
function storyOf({ session, events }: ModelStore): string[] {
  return events.map(({ seq, type, turnId = '-', data }) => `${session.id} ${seq} ${type} ${turnId} ${data}`)
}
