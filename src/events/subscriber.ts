// One reader of one session's log: replay (pages from the store) -> follow (batches as published) -> replay again when slow.
// Modes: #mustRead says that the store may have more than was given; a batch offered while the reader is busy waits in one
// slot if it continues the cursor, anything else only sets #mustRead. Ends once: disposed, aborted or failed to read.

import { assert } from '../base/assert.ts'
import type { EventRecord } from '../store/records.ts'
import type { EventStream } from './event-log.ts'

type Batch = readonly EventRecord[]

export interface SubscriberOptions {
  read(after: number, limit: number): Promise<EventRecord[]>
  readonly after: number
  ended(): void
}

const PAGE_EVENTS = 500
const DONE = { done: true, value: undefined } as const

export class Subscriber implements EventStream, AsyncIterator<Batch> {
  readonly #options: SubscriberOptions
  /** The last seq the reader was given. */
  #cursor: number
  #mustRead = true
  #slot: Batch | undefined
  #isReading = false
  /** Set while the reader waits for news: called with a batch that continues the cursor, or undefined to look again. */
  #wake: ((batch: Batch | undefined) => void) | undefined
  #isPulling = false
  /** Set when there is no news to wait for any more: the end of the log is the end of the stream. */
  #isFinishing = false
  #isEnded = false
  #signal: AbortSignal | undefined

  constructor(options: SubscriberOptions) {
    this.#options = options
    this.#cursor = options.after
  }

  endWith(signal: AbortSignal | undefined): void {
    if (signal?.aborted) return this.#end()
    this.#signal = signal
    signal?.addEventListener('abort', this.#end, { once: true })
  }

  /** Takes note of committed events. Never copies and never keeps more than one batch. */
  offer(batch: Batch): void {
    const first = batch[0]!.seq
    const last = batch.at(-1)!.seq
    if (last <= this.#cursor) return
    const continues = first === this.#cursor + 1
    if (this.#wake !== undefined) {
      if (!continues) this.#mustRead = true
      this.#wake(continues ? batch : undefined)
    } else if (continues && !this.#mustRead && !this.#isReading && this.#slot === undefined) {
      this.#slot = batch
    } else {
      this.#mustRead = true
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Batch> {
    return this
  }

  async next(): Promise<IteratorResult<Batch>> {
    assert(!this.#isPulling, 'a stream has one reader, which awaits each batch')
    this.#isPulling = true
    try {
      return await this.#pull()
    } catch (error) {
      this.#end()
      throw error
    } finally {
      this.#isPulling = false
    }
  }

  return(): Promise<IteratorResult<Batch>> {
    this.#end()
    return Promise.resolve(DONE)
  }

  finish(): void {
    this.#isFinishing = true
    this.#mustRead = true
    this.#wake?.(undefined)
  }

  [Symbol.dispose](): void {
    this.#end()
  }

  async #pull(): Promise<IteratorResult<Batch>> {
    while (!this.#isEnded) {
      const batch = this.#takeSlot() ?? (this.#mustRead ? await this.#readPage() : await this.#news())
      if (this.#isEnded) break
      if (batch !== undefined) return { done: false, value: batch }
    }
    return DONE
  }

  #takeSlot(): Batch | undefined {
    const batch = this.#slot
    this.#slot = undefined
    if (batch !== undefined) this.#moveTo(batch)
    return batch
  }

  /** Undefined when the store had nothing: then the reader has caught up, unless something was offered meanwhile. */
  async #readPage(): Promise<Batch | undefined> {
    this.#mustRead = false
    this.#isReading = true
    try {
      const page = await this.#options.read(this.#cursor, PAGE_EVENTS)
      if (page.length === 0) return undefined
      this.#mustRead = true // a short page may be one of large events: only an empty one is the end
      this.#moveTo(page)
      return page
    } finally {
      this.#isReading = false
    }
  }

  #news(): Promise<Batch | undefined> {
    if (!this.#isFinishing) return this.#waitForNews()
    this.#end()
    return Promise.resolve(undefined)
  }

  #waitForNews(): Promise<Batch | undefined> {
    return new Promise((resolve) => {
      this.#wake = (batch) => {
        this.#wake = undefined
        if (batch !== undefined) this.#moveTo(batch)
        resolve(batch)
      }
    })
  }

  /** At once when a batch is decided on, and not when the reader runs: what is offered in between must find it moved. */
  #moveTo(batch: Batch): void {
    this.#cursor = batch.at(-1)!.seq
  }

  #end = (): void => {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#slot = undefined
    this.#signal?.removeEventListener('abort', this.#end)
    this.#wake?.(undefined)
    this.#options.ended()
  }
}
