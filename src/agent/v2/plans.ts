// A plan of ACP v2 as the plan of v1, which a session has one of: the one that was updated last, with its id beside it.

import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'

const PLAN_META = 'holdfast/planId'

/** A plan that is no list of entries is passed on as it came. */
export function planUpdate(update: JsonObject): JsonObject {
  const { plan, _meta: meta } = update
  if (!isJsonObject(plan) || plan['type'] !== 'items' || !Array.isArray(plan['entries'])) return update
  const own = isJsonObject(meta) ? meta : {}
  return { sessionUpdate: 'plan', entries: plan['entries'], _meta: { ...own, [PLAN_META]: plan['planId'] ?? null } }
}
