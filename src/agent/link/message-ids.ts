// Message ids for agents that send none (v1 leaves them out): consecutive chunks of one kind are one message (C-69).

import type { JsonObject } from '../../base/json.ts'

const CHUNKS = new Set(['user_message_chunk', 'agent_message_chunk', 'agent_thought_chunk'])

/** An id as `write` makes it: `m1.7`, or `m1.120.7` for a process that was taken over after its line 120. */
const GIVEN = /^(?<prefix>m(?<generation>\d+)(?:\.\d+)?)\.(?<count>\d+)$/

export class MessageIds {
  #prefix: string
  #count: number
  #openKind: string | undefined

  private constructor(prefix: string, count = 0, openKind?: string) {
    this.#prefix = prefix
    this.#count = count
    this.#openKind = openKind
  }

  /** `generation` keeps the ids of two processes of one session apart. */
  static ofProcess(generation: number): MessageIds {
    return new MessageIds(`m${generation}`)
  }

  /**
   * For a process that an earlier life has read up to `line`: the message that is open in `lastUpdate` (an update as it was
   * stored, if the turn is still out) keeps its id; any other gets one that no earlier life has given.
   */
  static goingOn(generation: number, line: number, lastUpdate: string | undefined): MessageIds {
    const update = lastUpdate === undefined ? {} : (JSON.parse(lastUpdate) as JsonObject)
    const { sessionUpdate, messageId } = update
    const given = typeof messageId === 'string' ? GIVEN.exec(messageId)?.groups : undefined
    if (
      given?.['generation'] !== String(generation) ||
      typeof sessionUpdate !== 'string' ||
      !CHUNKS.has(sessionUpdate)
    ) {
      return new MessageIds(`m${generation}.${line}`)
    }
    return new MessageIds(given['prefix'] ?? '', Number(given['count']), sessionUpdate)
  }

  /** For a process that was started for no session: what it writes in the one that it gets now has ids of its generation there. */
  assign(generation: number): void {
    this.#prefix = `m${generation}`
  }

  /**
   * The update as JSON text, a chunk with the id of the message it belongs to; anything else closes the message. `text`: the update
   * as it came, where that is known.
   */
  write(variant: string, update: JsonObject, text: string = JSON.stringify(update)): string {
    if (!CHUNKS.has(variant) || typeof update['messageId'] === 'string') {
      this.#openKind = undefined
      return text
    }
    if (this.#openKind !== variant) {
      this.#openKind = variant
      this.#count++
    }
    const messageId = `${this.#prefix}.${this.#count}`
    if ('messageId' in update) return JSON.stringify({ ...update, messageId })
    return `${text.slice(0, -1)},"messageId":"${messageId}"}` // the hot path: no copy of the update
  }

  /** A new turn starts new messages. */
  startTurn(): void {
    this.#openKind = undefined
  }
}
