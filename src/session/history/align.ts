// Where one telling of a conversation ends in another one that may go on. Pure. When in doubt there is no such place: what is not
// learned can be looked at elsewhere, what is told twice cannot be taken back.

import type { Place, Run, Telling } from './telling.ts'

/** Whether the tellings begin where the conversation does, or lack an unknown part of it before. */
export interface Beginnings {
  readonly isKnownWhole: boolean
  readonly isToldWhole: boolean
}

/** Other than from a beginning, that much has to be the same in a row. */
const RUNS_MIN = 2

/** The end of `known` in `told`; undefined when they do not fit. By ids where both have the same, else by what was said. */
export function findEnd(known: Telling, told: Telling, beginnings: Beginnings): Place | undefined {
  if (known.runs.length === 0) return beginnings.isKnownWhole ? { run: 0, length: 0 } : undefined
  const shared = lastShared(known, told)
  if (shared !== undefined) return goOn(after(known.runs, shared.known), told.runs, shared.told)
  for (let runs: readonly Run[] = known.runs; runs.length > 0; runs = runs.slice(0, -1)) {
    const place = alignEnd(runs, told.runs, beginnings)
    if (place !== undefined) return place
    if (runs.at(-1)?.isSettled !== false) return undefined
  }
  return undefined
}

/** The last thing in `told` that has an id and is known by it, in both. An id that is used for something else is none. */
function lastShared(known: Telling, told: Telling): { known: Place; told: Place } | undefined {
  let last: { known: Place; told: Place } | undefined
  for (const [id, { place, voice, text }] of told.marks) {
    const mark = known.marks.get(id)
    if (mark === undefined || mark.voice !== voice || !isPrefixed(mark.text, text)) continue
    const kept = { run: place.run, length: place.length - Math.max(0, text.length - mark.text.length) }
    if (last === undefined || !isBefore(kept, last.told)) last = { known: mark.place, told: kept }
  }
  return last
}

/** What `runs` has after `place`. */
function after(runs: readonly Run[], { run, length }: Place): Run[] {
  const [first, ...rest] = runs.slice(run)
  if (first === undefined) return []
  const text = first.text.slice(length)
  return text === '' ? rest : [{ ...first, text }, ...rest]
}

/** The known messages after a place that both have: each must come next in `told`, unless it was cut short. */
function goOn(known: readonly Run[], told: readonly Run[], from: Place): Place | undefined {
  let place = from
  for (const [index, run] of known.entries()) {
    const [next] = after(told, place)
    const isLast = index === known.length - 1
    const length = next?.voice === run.voice ? sharedLength(run, next.text, isLast) : undefined
    if (next === undefined || length === undefined) {
      if (run.isSettled) return undefined
      continue
    }
    const isSame = told[place.run]?.text.length !== place.length
    const number = isSame ? place.run : place.run + 1
    place = { run: number, length: (told[number]?.text.length ?? 0) - next.text.length + length }
  }
  return place
}

/** How much of `text` the run is; undefined when it is something else. */
function sharedLength({ text: known, isSettled }: Run, text: string, isLast: boolean): number | undefined {
  if (known === text) return text.length
  if (isLast && text.startsWith(known)) return known.length
  return isSettled || !isPrefixed(known, text) ? undefined : Math.min(known.length, text.length)
}

/** The best place for the last of `known`: from the beginning of both, else after the longest that is the same, else the latest. */
function alignEnd(known: readonly Run[], told: readonly Run[], beginnings: Beginnings): Place | undefined {
  const isWhole = beginnings.isKnownWhole && beginnings.isToldWhole
  let best: { place: Place; score: number } | undefined
  for (const [run, { text }] of told.entries()) {
    const length = endIn(known.at(-1), told[run], { isFirst: run === 0 && !beginnings.isToldWhole })
    if (length === undefined) continue
    const same = countBack(known, told.slice(0, run), beginnings)
    const isFromStart = same === known.length && same === run + 1
    const isFromOne = same === known.length || same === run + 1
    if (!isFromOne && same < RUNS_MIN) continue
    const score = isWhole && isFromStart ? Infinity : same
    if (best === undefined || score >= best.score)
      best = { place: { run, length: Math.min(length, text.length) }, score }
  }
  return best?.place
}

function endIn(last: Run | undefined, told: Run | undefined, { isFirst }: { isFirst: boolean }): number | undefined {
  if (last === undefined || told === undefined || last.voice !== told.voice) return undefined
  if (told.text.startsWith(last.text)) return last.text.length
  const isCut = (isFirst && last.text.endsWith(told.text)) || (!last.isSettled && last.text.startsWith(told.text))
  return isCut && told.text !== '' ? told.text.length : undefined
}

/** How many runs are the same, backwards from the last one of each, which are. */
function countBack(known: readonly Run[], before: readonly Run[], beginnings: Beginnings): number {
  let count = 1
  for (; count < known.length && count <= before.length; count++) {
    const [ours, theirs] = [known.at(-1 - count), before.at(-count)]
    if (ours === undefined || theirs === undefined || ours.voice !== theirs.voice) break
    const isOursCut = count === known.length - 1 && !beginnings.isKnownWhole && theirs.text.endsWith(ours.text)
    const isTheirsCut = count === before.length && !beginnings.isToldWhole && ours.text.endsWith(theirs.text)
    const isSame = ours.text === theirs.text || (!ours.isSettled && isPrefixed(ours.text, theirs.text))
    if (!isSame && !isOursCut && !isTheirsCut) break
  }
  return count
}

function isPrefixed(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one)
}

function isBefore(one: Place, other: Place): boolean {
  return one.run < other.run || (one.run === other.run && one.length < other.length)
}
