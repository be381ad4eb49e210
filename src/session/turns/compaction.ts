// Which compactions of its context the agent is in the middle of, as its updates tell. Agents that do not tell are simply running.

import type { Json, JsonObject } from '../../base/json.ts'
import type { Draft } from '../draft.ts'

const COMPACTIONS_MAX = 8

/** Of the turn that is out; between turns it is nobody's. */
export function hearCompaction(draft: Draft, update: JsonObject): void {
  const { active } = draft.state
  if (active === undefined || active.stage === 'waiting') return
  draft.state.active = { ...active, compacting: compactingAfter(active.compacting, update) }
}

/** Ids of those that are under way after `update`, which may be any update. */
export function compactingAfter(ids: readonly string[], update: Json): readonly string[] {
  const { sessionUpdate, compactionId, status } = update as JsonObject
  if (typeof compactionId !== 'string') return ids
  // The first chunk of a summary begins one that was not named before; later ones say nothing new.
  const isUnderWay = sessionUpdate === 'compaction_summary_chunk' || status === 'in_progress'
  if (!isUnderWay) return ids.filter((id) => id !== compactionId)
  return ids.includes(compactionId) || ids.length >= COMPACTIONS_MAX ? ids : [...ids, compactionId]
}
