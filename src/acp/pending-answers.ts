// Our requests that wait for an answer, in the order they were sent. Owns the callbacks: each runs at most once.
// An abandoned request stays until its answer comes or the room is needed, so that a late answer is not a surprise (C-53).

import type { RpcResult } from './rpc.ts'

export type OnResult = (result: RpcResult) => void

type Entry = { kind: 'waiting'; onResult: OnResult } | { kind: 'abandoned' }

export interface TakenAnswer {
  /** Undefined when the caller has given up: the answer is drained silently. */
  readonly onResult: OnResult | undefined
  /** The id came back as "0" for 0 or the other way round. */
  readonly idTypeDiffers: boolean
}

export class PendingAnswers {
  readonly #max: number
  readonly #entries = new Map<string | number, Entry>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  has(id: string | number): boolean {
    return this.#entries.has(id)
  }

  /** False when `max` callers wait already. Abandoned entries make room, oldest first. */
  add(id: string | number, onResult: OnResult): boolean {
    if (this.#entries.size >= this.#max && !this.#forgetAbandoned()) return false
    this.#entries.set(id, { kind: 'waiting', onResult })
    return true
  }

  /** Undefined for an id that nobody asked with. */
  take(id: string | number): TakenAnswer | undefined {
    const key = this.#entries.has(id) ? id : otherType(id)
    const entry = key === undefined ? undefined : this.#entries.get(key)
    if (key === undefined || entry === undefined) return undefined
    this.#entries.delete(key)
    return { onResult: entry.kind === 'waiting' ? entry.onResult : undefined, idTypeDiffers: key !== id }
  }

  /** The caller gives up. No effect when the answer is there already. */
  abandon(id: string | number): void {
    if (this.#entries.has(id)) this.#entries.set(id, { kind: 'abandoned' })
  }

  /** Empties it; the callbacks of those who still wait, in the order of their requests. */
  takeAll(): OnResult[] {
    const waiting = [...this.#entries.values()].flatMap((entry) => (entry.kind === 'waiting' ? [entry.onResult] : []))
    this.#entries.clear()
    return waiting
  }

  #forgetAbandoned(): boolean {
    for (const [id, entry] of this.#entries) {
      if (entry.kind === 'abandoned') return this.#entries.delete(id)
    }
    return false
  }
}

function otherType(id: string | number): string | number | undefined {
  if (typeof id === 'number') return String(id)
  return /^-?(?:0|[1-9]\d{0,15})$/.test(id) ? Number(id) : undefined
}
