// What counts of a conversation, built by applying its entries in order. Pure memory; the file is somebody else's.

import { assert } from '../../../../src/base/assert.ts'
import type { JsonObject } from '../../../../src/base/json.ts'
import type { CompactionBody, Entry } from '../port.ts'

/** Types that say something about the conversation, not in it. */
const NOTES: ReadonlySet<string> = new Set(['title', 'setting', 'note'])
export const ATTEMPT = 'attempt'
export const COMPACTION = 'compaction'
export const TITLE = 'title'
export const SETTING = 'setting'

export function isNote(type: string): boolean {
  return NOTES.has(type)
}

export class TranscriptView {
  #entries: Entry[] = []
  /** Of each entry: bytes from the first entry of the file to it. */
  #offsets: number[] = []
  readonly #settings: JsonObject = {}
  #title: string | undefined
  #epoch = 0

  /** Grows in place; another array after a compaction. */
  get entries(): readonly Entry[] {
    return this.#entries
  }

  get settings(): JsonObject {
    return this.#settings
  }

  get title(): string | undefined {
    return this.#title
  }

  /** Of the last entry: who may write. */
  get epoch(): number {
    return this.#epoch
  }

  /** `offset`: bytes from the first entry of the file. */
  apply(entry: Entry, offset: number): void {
    this.#epoch = entry.epoch
    this.applyNote(entry)
    if (entry.type === ATTEMPT) return
    if (entry.type === COMPACTION) return this.#replaceBefore(entry, offset)
    this.#entries.push(entry)
    this.#offsets.push(offset)
  }

  /** Title and settings hold although a compaction replaced the entries that said so. */
  applyNote({ type, body }: Entry): void {
    if (type === SETTING) Object.assign(this.#settings, body)
    if (type === TITLE && typeof body['title'] === 'string') this.#title = body['title']
  }

  /** The body of a compaction that keeps what is at or after `keepFromSeq`; `next` is where the next entry will be. */
  compaction(summary: object, keepFromSeq: number, next: { seq: number; offset: number }): CompactionBody {
    const [first] = this.#entries
    assert(first !== undefined && keepFromSeq > first.seq - 1 && keepFromSeq <= next.seq, 'nothing to compact there')
    const fromSeq = first.type === COMPACTION ? (first.body as unknown as CompactionBody).replaced.fromSeq : first.seq
    const kept = this.#entries.findIndex(({ seq, type }) => seq >= keepFromSeq && type !== COMPACTION)
    return {
      summary: summary as JsonObject,
      replaced: { fromSeq, toSeq: keepFromSeq - 1 },
      keptFrom: kept === -1 ? next.offset : this.#offsets[kept]!,
    }
  }

  #replaceBefore(entry: Entry, offset: number): void {
    const { toSeq } = (entry.body as unknown as CompactionBody).replaced
    const kept = this.#entries.flatMap(({ seq, type }, at) => (seq > toSeq && type !== COMPACTION ? [at] : []))
    this.#entries = [entry, ...kept.map((at) => this.#entries[at]!)]
    this.#offsets = [offset, ...kept.map((at) => this.#offsets[at]!)]
  }
}
