// How deep parsed JSON is nested. JSON.parse takes any depth, JSON.stringify does not: too deep must be found at the border.

import type { Json } from '../base/json.ts'

/** False when the text of a value cannot hold more than `levelsMax` levels: it has too few brackets, counted in its strings as well. */
export function mayBeDeeperThan(text: string, levelsMax: number): boolean {
  return text.length > levelsMax && countUpTo(text, '{', levelsMax) + countUpTo(text, '[', levelsMax) > levelsMax
}

function countUpTo(text: string, bracket: string, max: number): number {
  let count = 0
  for (let at = text.indexOf(bracket); at !== -1 && count <= max; at = text.indexOf(bracket, at + 1)) count++
  return count
}

/** True when `value` holds more than `levelsMax` arrays or objects inside each other. Its own recursion stops there. */
export function isDeeperThan(value: Json, levelsMax: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levelsMax === 0) return true
  if (Array.isArray(value)) return value.some((item) => isDeeperThan(item, levelsMax - 1))
  for (const key in value) if (isDeeperThan(value[key] ?? null, levelsMax - 1)) return true
  return false
}
