// Message ids for agents that send none (v1 leaves them out): consecutive chunks of one kind are one message (C-69).

import type { JsonObject } from '../base/json.ts'

const CHUNKS = new Set(['user_message_chunk', 'agent_message_chunk', 'agent_thought_chunk'])

export class MessageIds {
  readonly #prefix: string
  #count = 0
  #openKind: string | undefined

  /** `prefix` keeps the ids of two processes of one session apart. */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** The update as JSON text, a chunk with the id of the message it belongs to; anything else closes the message. */
  write(variant: string, update: JsonObject): string {
    if (!CHUNKS.has(variant) || typeof update['messageId'] === 'string') {
      this.#openKind = undefined
      return JSON.stringify(update)
    }
    if (this.#openKind !== variant) {
      this.#openKind = variant
      this.#count++
    }
    const messageId = `${this.#prefix}.${this.#count}`
    if ('messageId' in update) return JSON.stringify({ ...update, messageId })
    return `${JSON.stringify(update).slice(0, -1)},"messageId":"${messageId}"}` // the hot path: no copy of the update
  }

  /** A new turn starts new messages. */
  startTurn(): void {
    this.#openKind = undefined
  }
}
