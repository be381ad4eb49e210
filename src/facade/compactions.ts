// Compactions of an agent's context in a replay: each is told where it began and once more as it ended, not piece by piece (C-75).
// Owns what was said of those that have not ended yet. Live pieces go on as they come.

import type { Json, JsonObject } from '../base/json.ts'

interface Begun {
  /** Everything that was said of it, as one update. */
  readonly all: JsonObject
  /** Whether more was said than was told. */
  readonly hasMore: boolean
}

export class Compactions {
  readonly #begun = new Map<Json | undefined, Begun>()
  readonly #ended = new Set<Json | undefined>()

  /** What is told in place of a past `compaction_update` or `compaction_summary_chunk`. Of one that has ended every piece is told. */
  replay(piece: JsonObject): JsonObject[] {
    const { compactionId: id } = piece
    const before = this.#begun.get(id)
    if (this.#ended.has(id)) return [piece]
    const all = joined(before?.all ?? beginning(id), piece)
    if (all['status'] === 'in_progress') {
      this.#begun.set(id, { all, hasMore: before !== undefined })
      return before === undefined ? [piece] : []
    }
    this.#begun.delete(id)
    this.#ended.add(id)
    return [before === undefined ? piece : all]
  }

  /** The replay is over: what was said and not told yet. */
  finish(): JsonObject[] {
    const open = [...this.#begun.values()].filter(({ hasMore }) => hasMore)
    this.#begun.clear()
    return open.map(({ all }) => all)
  }
}

function beginning(id: Json | undefined): JsonObject {
  return { sessionUpdate: 'compaction_update', compactionId: id ?? null, status: 'in_progress' }
}

/** Absent changes nothing, null clears; a chunk goes to the end of the summary. */
function joined(all: JsonObject, { sessionUpdate, content, ...piece }: JsonObject): JsonObject {
  if (sessionUpdate !== 'compaction_summary_chunk') return { ...all, ...piece }
  const { summary } = all
  return { ...all, summary: [...(Array.isArray(summary) ? summary : []), content ?? null] }
}
