// Makes room in the model's context: summarises the older part of a conversation and writes the summary into the transcript.
// The model is asked without any lock; a failure or a cancel leaves the transcript as it was.

import { CancelledError, HoldfastError } from '../../../src/base/errors.ts'
import { newId } from '../../../src/base/ids.ts'
import type { Client } from '../client/client.ts'
import type { AgentLibrary } from '../models/library.ts'
import type { ModelChoice } from '../models/model-choice.ts'
import { conversationOf } from '../session/conversation.ts'
import type { Said } from '../session/entries.ts'
import type { AttemptLock, Transcript } from '../transcript/port.ts'
import { compactionUpdate, type CompactionStep } from './compaction-view.ts'
import { contextTokens } from './context-size.ts'
import { type Cut, findCut, inParts } from './cut.ts'
import { CompactionFailed, summarise } from './summarise.ts'

export interface CompactorParts {
  readonly library: AgentLibrary
  readonly choice: ModelChoice
  readonly transcript: Transcript
  readonly attempt: AttemptLock
  readonly client: Client
  /** For each request to the model, in milliseconds. */
  readonly requestMs: number
}

/** Room for an answer: an automatic compaction begins when there is less. */
const RESERVE_TOKENS_MAX = 16_384
const RESERVE_SHARE = 0.2
/** Of the newest, kept word for word. */
const KEEP_TOKENS_MAX = 20_000
const KEEP_SHARE = 0.25
/** Of the context, for one part to summarise: estimates of tokens are rough. */
const PART_SHARE = 0.6
/** A compaction that keeps more than this of what there was made no progress. */
const PROGRESS_SHARE = 0.9
const CHARS_PER_TOKEN = 4

export class Compactor {
  readonly #parts: CompactorParts
  /** The last one did not help: another would not either. */
  #isStuck = false

  constructor(parts: CompactorParts) {
    this.#parts = parts
  }

  /** Whether the next request should wait for a compaction. */
  isNeeded(): boolean {
    return !this.#isStuck && this.tokens() > this.#window - this.#reserve && this.#cut() !== undefined
  }

  /** Whether there is anything to summarise. */
  get isPossible(): boolean {
    return this.#cut() !== undefined
  }

  /** Whether a request with what there is now can be answered at all. */
  fits(): boolean {
    return this.tokens() < this.#window
  }

  tokens(): number {
    return contextTokens(this.#parts.library, this.#said())
  }

  /** Rejects with CompactionFailed (the transcript is as it was), CANCELLED, or with an error of the transcript. */
  async compact(signal: AbortSignal, focus?: string): Promise<void> {
    const compactionId = newId('cmp')
    const tokensBefore = this.tokens()
    this.#tell(compactionId, { step: 'started', tokens: tokensBefore })
    try {
      const cut = this.#cut()
      if (cut === undefined) throw new CompactionFailed('There is nothing to summarise yet.')
      const text = await this.#summarise(cut, signal, focus)
      const summary = { text, compactionId, tokensBefore, at: Date.now() }
      await this.#parts.attempt.compact({ summary, keepFromSeq: cut.keepFromSeq })
      const tokens = this.tokens()
      this.#isStuck = tokens > tokensBefore * PROGRESS_SHARE
      this.#tell(compactionId, { step: 'completed', summary: text, tokens })
    } catch (error) {
      this.#isStuck = true
      throw this.#failed(compactionId, error, signal)
    }
  }

  get #window(): number {
    return this.#parts.choice.model.contextWindow
  }

  get #reserve(): number {
    return Math.min(RESERVE_TOKENS_MAX, Math.floor(this.#window * RESERVE_SHARE))
  }

  #said(): Said[] {
    return conversationOf(this.#parts.transcript.entries)
  }

  /** Keeps less when there is nothing older than what would be kept. */
  #cut(): Cut | undefined {
    const said = this.#said()
    const keep = Math.min(KEEP_TOKENS_MAX, Math.floor(this.#window * KEEP_SHARE))
    const estimate = this.#parts.library.estimateTokens
    return findCut(said, keep, estimate) ?? findCut(said, 0, estimate)
  }

  async #summarise(cut: Cut, signal: AbortSignal, focus: string | undefined): Promise<string> {
    const { library, choice, requestMs: ms } = this.#parts
    const partTokens = Math.floor(this.#window * PART_SHARE)
    let earlier = cut.earlierSummary
    for (const part of inParts(cut.older, partTokens, library.estimateTokens)) {
      const messages = part.map(({ message }) => message)
      const limits = { reserveTokens: this.#reserve, charsMax: partTokens * CHARS_PER_TOKEN }
      earlier = await summarise(library, choice, { messages, earlier, focus, ...limits }, { signal, ms })
    }
    return earlier ?? ''
  }

  #failed(compactionId: string, error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) {
      this.#tell(compactionId, { step: 'cancelled' })
      return new CancelledError('compaction')
    }
    const isLate = error instanceof HoldfastError && error.code === 'DEADLINE'
    const failure = isLate ? new CompactionFailed('The model took too long.') : error
    this.#tell(compactionId, {
      step: 'failed',
      why: failure instanceof CompactionFailed ? failure.message : 'It failed.',
    })
    return failure
  }

  #tell(compactionId: string, step: CompactionStep): void {
    const { client, transcript } = this.#parts
    client.update(transcript.id, compactionUpdate(client, compactionId, step))
  }
}
