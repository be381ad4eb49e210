// What a measure is, and how sides are measured side by side: the same work on each in turn, round after round.

import type { Row } from './result.ts'
import type { SideName } from './side-process.ts'
import type { TurnBatch } from './side.ts'
import type { World } from './world.ts'

export interface Plan {
  readonly world: World
  readonly rounds: number
  /** Whether the peer is measured too. */
  readonly acpx: boolean
}

export interface Measure {
  readonly name: string
  run(plan: Plan): Promise<Row[]>
}

/** Rounds that are not begun after this; those that are done count. */
const ROUNDS_MS_MAX = 60_000

/** Runs `round` for 0 (a warm-up whose result is thrown away), then up to `rounds` times, within a minute. */
export async function inRounds<T>(rounds: number, round: () => Promise<T>): Promise<T[]> {
  const until = performance.now() + ROUNDS_MS_MAX
  const results: T[] = []
  await round()
  while (results.length < rounds && (results.length === 0 || performance.now() < until)) results.push(await round())
  return results
}

export interface Prompting {
  readonly text: string
  readonly count: number
  /** Updates that one such turn must show. */
  readonly updates: number
}

/** One round of prompts on the warm session of a side. Throws when a turn lost or doubled an update. */
export async function prompts(world: World, name: SideName, { text, count, updates }: Prompting): Promise<TurnBatch> {
  const { side, session } = await world.side(name)
  const batch = await side.prompt(session, text, count)
  assertUpdates(name, batch, updates)
  return batch
}

export function assertUpdates(name: string, batch: TurnBatch, updates: number): void {
  const wrong = batch.turns.find((turn) => turn.updates !== updates)
  if (wrong !== undefined) throw new Error(`${name} showed ${wrong.updates} updates of ${updates}`)
}
