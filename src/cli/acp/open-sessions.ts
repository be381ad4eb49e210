// The sessions that the editor has open, and how far it has been told of each: where to go on when the connection was lost. What comes
// twice then is not told twice.

import type { JsonObject } from '../../base/json.ts'
import { metaOf, sessionOf } from './message.ts'

const SEQ = 'holdfast/seq'
const PART = 'holdfast/part'

interface Place {
  readonly seq: number
  /** Of the updates that tell the event with that number. */
  readonly part: number
}

const START: Place = { seq: 0, part: -1 }

export class OpenSessions {
  readonly #places = new Map<string, Place>()

  /** In the order in which they were opened. */
  get ids(): string[] {
    return [...this.#places.keys()]
  }

  /** The history is to be told from its beginning. */
  restart(id: string): void {
    this.#places.set(id, START)
  }

  /** The editor has the session as it is in `result`, the answer of new, load or resume. */
  opened(id: string, result: JsonObject): void {
    const seq = metaOf(result)[SEQ]
    const known = this.#places.get(id) ?? START
    if (typeof seq === 'number' && seq > known.seq) this.#places.set(id, { seq, part: Number.MAX_SAFE_INTEGER })
    else this.#places.set(id, known)
  }

  forget(id: string): void {
    this.#places.delete(id)
  }

  /** The event before the last one that was told: of that one there may be more parts. */
  after(id: string): number {
    return Math.max(0, (this.#places.get(id) ?? START).seq - 1)
  }

  /** `params` of a `session/update`. False when the editor has had it. What tells no event is always new. */
  isNew(params: JsonObject): boolean {
    const id = sessionOf(params)
    const { [SEQ]: seq, [PART]: part = 0 } = metaOf(params)
    if (id === undefined || typeof seq !== 'number' || typeof part !== 'number') return true
    const last = this.#places.get(id) ?? START
    if (seq < last.seq || (seq === last.seq && part <= last.part)) return false
    this.#places.set(id, { seq, part })
    return true
  }
}
