// The text of an update inside the line that it came on: what goes into the log is what the agent wrote, and nothing is serialised for it.
// Owns the beginning that the lines of one session share. Gives nothing rather than a guess.

import type { IncomingNotification } from './rpc.ts'

/**
 * A second member of one of these names may be the one that counts, or may end the line as an update would (a version is not looked at);
 * names can be written with escapes; a carriage return between tokens would end a line for some readers. Looked for in strings as well: those lines are only slower.
 */
const DOUBTS = /\\u|\r|"(?:update|params|jsonrpc)"/

export class UpdateTexts {
  #sessionId: unknown
  #head = ''

  /**
   * The update of a `session/update` whose params are `sessionId` and `update`, in this order and written without spaces, as nearly
   * all agents do: one JSON object that ends with its brace. Undefined for any other line; the parsed update is to be written again then.
   */
  textOf({ raw, isPlain, params }: IncomingNotification): string | undefined {
    if (!isPlain || Object.keys(params).length !== 2) return undefined
    const head = this.#headOf(params['sessionId'])
    if (!raw.startsWith(head) || !raw.endsWith('}}}')) return undefined
    const text = raw.slice(head.length, -2)
    return text.startsWith('{') && !DOUBTS.test(text) ? text : undefined
  }

  #headOf(sessionId: unknown): string {
    if (sessionId !== this.#sessionId) {
      this.#sessionId = sessionId
      this.#head = `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":${JSON.stringify(sessionId)},"update":`
    }
    return this.#head
  }
}
