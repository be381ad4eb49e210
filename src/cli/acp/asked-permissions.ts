// What the gateway has asked the editor and the editor has not answered, over several connections: a request that comes again is not
// shown again, an answer that was given while nobody listened is passed on, and what was decided elsewhere is taken back.

import type { MessageId } from './message.ts'

interface Asked {
  readonly sessionId: string | undefined
  /** The editor's answer, while the gateway was not there to hear it. */
  answer: string | undefined
  /** The editor was told that nobody waits for it. */
  isVoid: boolean
}

export type Again =
  | { readonly kind: 'new' }
  | { readonly kind: 'waits' }
  | { readonly kind: 'answered'; readonly line: string }

export class AskedPermissions {
  readonly #asked = new Map<MessageId, Asked>()

  /** The gateway asks, perhaps for the second time. */
  ask(id: MessageId, sessionId: string | undefined): Again {
    const known = this.#asked.get(id)
    if (known === undefined || known.isVoid) {
      this.#asked.set(id, { sessionId, answer: undefined, isVoid: false })
      return { kind: 'new' }
    }
    if (known.answer === undefined) return { kind: 'waits' }
    this.#asked.delete(id)
    return { kind: 'answered', line: known.answer }
  }

  /** The editor has answered. True when the gateway is to hear it now. */
  answer(id: MessageId, line: string, isHeard: boolean): boolean {
    const known = this.#asked.get(id)
    if (known === undefined) return isHeard
    if (isHeard || known.isVoid) this.#asked.delete(id)
    else known.answer = line
    return isHeard && !known.isVoid
  }

  /** Of the requests of a session that the editor still shows, those that are not `open` any more. */
  withdraw(sessionId: string, open: readonly unknown[]): MessageId[] {
    const gone = [...this.#asked].filter(([id, asked]) => asked.sessionId === sessionId && !open.includes(id))
    for (const [id, asked] of gone) {
      if (asked.answer !== undefined) this.#asked.delete(id)
      asked.isVoid = true
    }
    return gone.flatMap(([id, { answer }]) => (answer === undefined ? [id] : []))
  }
}
