// The order of the queue as numbers that are stored: each queued turn has a place, smaller is sooner, no two are equal, none is 0.
// New turns get places far apart, so that moving one mostly changes one row.

import type { TurnId } from '../../base/ids.ts'

interface Placed {
  readonly place: number
}

/** Where to: a position in the queue (0 is the front; beyond the end is the end), or in front of another turn. */
export type QueueTarget =
  | { readonly kind: 'position'; readonly position: number }
  | { readonly kind: 'before'; readonly turnId: TurnId }

const STEP = 65_536

/** Behind every turn that was accepted before, wherever those were moved to. */
export function newPlace(n: number): number {
  return n * STEP
}

/** In front of the whole queue, for the turn with the accept number `n`. */
export function frontPlace(queue: readonly Placed[], n: number): number {
  const first = queue[0]
  return first === undefined ? newPlace(n) : beside(first.place, -STEP)
}

/**
 * The queue with `turn`, which is in it, at `index` of the result. `nextN`: the accept number that the next turn will get.
 * Mostly only the place of `turn` differs; where no number is left between its neighbours all get new ones.
 */
export function reorder<T extends Placed>(queue: readonly T[], turn: T, index: number, nextN: number): T[] {
  const others = queue.filter((other) => other !== turn)
  const before = others[index - 1]?.place
  const after = others[index]?.place
  const place = between(before, after, newPlace(nextN))
  if (place !== undefined) return [...others.slice(0, index), { ...turn, place }, ...others.slice(index)]
  return respread([...others.slice(0, index), turn, ...others.slice(index)])
}

/** Undefined when there is no number left. `end`: above every place. */
function between(before: number | undefined, after: number | undefined, end: number): number | undefined {
  if (before === undefined) return after === undefined ? end - STEP : beside(after, -STEP)
  const above = after ?? end
  const middle = Math.floor((before + above) / 2)
  const place = middle === 0 ? -1 : middle
  return place > before && place < above ? place : undefined
}

/** New places for all, below every old one: rows can be written in any order without two being equal meanwhile. */
function respread<T extends Placed>(queue: readonly T[]): T[] {
  const least = Math.min(...queue.map(({ place }) => place))
  const base = least % STEP === 0 ? least - 1 : least // so that no place is 0
  return queue.map((turn, index) => ({ ...turn, place: base - (queue.length - index) * STEP }))
}

function beside(place: number, by: number): number {
  return place + by === 0 ? place + by - 1 : place + by
}
