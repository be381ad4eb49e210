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

  /** Gives a chunk the id of the message it belongs to; anything else closes the message. */
  assign(variant: string, update: JsonObject): JsonObject {
    if (!CHUNKS.has(variant)) {
      this.#openKind = undefined
      return update
    }
    if (typeof update['messageId'] === 'string') {
      this.#openKind = undefined
      return update
    }
    if (this.#openKind !== variant) {
      this.#openKind = variant
      this.#count++
    }
    return { ...update, messageId: `${this.#prefix}.${this.#count}` }
  }

  /** A new turn starts new messages. */
  startTurn(): void {
    this.#openKind = undefined
  }
}
