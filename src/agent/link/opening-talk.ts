// What is peculiar to a connection before it has a session: noise before the first answer, and what is told while a session is opened.

import type { JsonObject } from '../../base/json.ts'
import { StartNoise } from '../start/start-noise.ts'
import type { NoiseDetails } from '../start/start-noise.ts'
import { History } from './history.ts'
import type { ImportedHistory } from './history.ts'
import type { MessageIds } from './message-ids.ts'

/** How an update is meant: told as it comes, told although nothing was to come yet (C-26), or the past, which is not told (C-24). */
export type Meaning = 'live' | 'early' | 'history'

export class OpeningTalk {
  readonly #messageIds: MessageIds
  /** Until the first answer. */
  #noise: StartNoise | undefined
  /** What is asked for while a session is being opened. */
  #method: string | undefined
  #history: { readonly of: string; readonly told: History } | undefined

  /** `isNew`: the process has answered nothing yet. */
  constructor(messageIds: MessageIds, isNew: boolean) {
    this.#messageIds = messageIds
    this.#noise = isNew ? new StartNoise() : undefined
  }

  /** A session is asked for: new, load, resume or fork. */
  begin(method: string, { sessionId }: JsonObject): void {
    this.#method = method
    const isLoad = method === 'session/load' && typeof sessionId === 'string'
    this.#history = isLoad ? { of: sessionId, told: new History(this.#messageIds) } : undefined
  }

  /** An answer is there; `isResult`: the agent speaks the protocol. */
  answered(isResult: boolean): void {
    this.#method = undefined
    if (isResult) this.#noise = undefined
  }

  line(text: string): void {
    this.#noise?.take(text)
  }

  /** Why no answer is waited for any more. */
  get excess(): string | undefined {
    return this.#noise?.excess
  }

  /** What was no message before the first answer, as long as there is none. */
  get noise(): NoiseDetails {
    return this.#noise?.details() ?? {}
  }

  get meaning(): Meaning {
    if (this.#method === 'session/load') return 'history'
    return this.#method === 'session/resume' ? 'early' : 'live'
  }

  /** One update of what a load replays. */
  replayed(params: JsonObject): void {
    this.#history?.told.take(this.#history.of, params)
  }

  /** What was told by the load before. */
  takeHistory(): ImportedHistory | undefined {
    const history = this.#history?.told.finish()
    this.#history = undefined
    return history
  }
}
