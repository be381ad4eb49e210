// How deep parsed JSON is nested. JSON.parse takes any depth, JSON.stringify does not: too deep must be found at the border.

import type { Json } from '../base/json.ts'

/** True when `value` holds more than `levelsMax` arrays or objects inside each other. Its own recursion stops there. */
export function isDeeperThan(value: Json, levelsMax: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levelsMax === 0) return true
  if (Array.isArray(value)) return value.some((item) => isDeeperThan(item, levelsMax - 1))
  for (const key in value) if (isDeeperThan(value[key] ?? null, levelsMax - 1)) return true
  return false
}
