// Every world of the simulator behind one door: what a long run goes through, and what it must have reached to have proved anything.

import { FamilyWorld } from './family-world.ts'
import type { ModelStore } from './model-store.ts'
import { World } from './world.ts'

/** One schedule: made from its seed, run once. */
export interface Schedule {
  /** Throws InvariantBroken with the rule that does not hold. */
  run(): void
  /** What became of its turns or tasks. */
  reached(): readonly string[]
  /** What each session has stored so far, in order; for people who look for the cause of a break. */
  stores(): readonly ModelStore[]
}

export interface WorldKind {
  readonly name: string
  /** A run that never reaches one of these proves nothing about it. */
  readonly reaches: readonly string[]
  make(seed: number): Schedule
}

export const SESSIONS: WorldKind = {
  name: 'session',
  reaches: [
    'completed/yes',
    'cancelled/no',
    'cancelled/yes',
    'failed/no',
    'failed/unknown',
    'timed_out/yes',
    'interrupted/unknown',
    'interrupted/yes',
    'expired/no',
  ],
  make: (seed) => {
    const world = new World(seed)
    return {
      run: () => world.run(),
      reached: () => [...world.store.outcomes.values()].map(({ state, delivery }) => `${state}/${delivery}`),
      stores: () => [world.store],
    }
  },
}

export const FAMILIES: WorldKind = {
  name: 'family',
  reaches: ['succeeded', 'blocked', 'failed', 'cancelled', 'timed_out', 'lost', 'delivered', 'parent_closed'],
  make: (seed) => {
    const world = new FamilyWorld(seed)
    const rows = () => [...world.tasks.rows.values()]
    return {
      run: () => world.run(),
      reached: () => rows().flatMap(({ status, delivery, end }) => [status, delivery, end?.outcome ?? status]),
      stores: () => world.members.map(({ store }) => store),
    }
  },
}

export const WORLDS: readonly WorldKind[] = [SESSIONS, FAMILIES]
