// What an agent replays of a conversation that our log does not have: the newest updates, bounded, marked as imported.

import { narrowSessionUpdate } from '../../acp/session-update.ts'
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'
import type { MessageIds } from './message-ids.ts'

export interface ImportedHistory {
  /** In wire order, each as JSON text. */
  readonly updates: readonly string[]
  /** Older ones that were too many. */
  readonly leftOut: number
}

/** One transaction takes them all: what it costs must not be felt by other sessions. */
const UPDATES_MAX = 1_000
const CHARS_MAX = 2 * 1024 * 1024

/** Says in `_meta` of an update that it comes from the agent's own history. */
export const ORIGIN_META = 'holdfast/origin'

export class History {
  readonly #messageIds: MessageIds
  readonly #updates: string[] = []
  #chars = 0
  #leftOut = 0

  constructor(messageIds: MessageIds) {
    this.#messageIds = messageIds
  }

  /** `params` of one `session/update`; what is not one is left out. */
  take(sessionId: string, params: JsonObject): void {
    const narrowed = narrowSessionUpdate(params)
    if (narrowed.kind === 'malformed' || narrowed.sessionId !== sessionId) return
    const { variant, update } = narrowed
    const meta = isJsonObject(update['_meta']) ? update['_meta'] : {}
    const marked: JsonObject = { ...(update as JsonObject), _meta: { ...meta, [ORIGIN_META]: 'import' } }
    const text = this.#messageIds.write(variant, marked)
    this.#updates.push(text)
    this.#chars += text.length
    while (this.#updates.length > UPDATES_MAX || this.#chars > CHARS_MAX) {
      this.#chars -= this.#updates.shift()?.length ?? 0
      this.#leftOut += 1
    }
  }

  finish(): ImportedHistory {
    return { updates: this.#updates, leftOut: this.#leftOut }
  }
}
