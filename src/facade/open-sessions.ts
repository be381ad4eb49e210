// The sessions that one editor has open: one attachment each, the newest. Requests overtake each other, and the editor may go in the
// middle of any: what is attached ends here, whoever opened it.

import { AttachedSession } from './attached-session.ts'
import type { Attachment, EditorPorts } from './attached-session.ts'

/** Modes: open, then for ever closed: what is attached then is ended at once. */
export class OpenSessions implements Disposable {
  readonly #attached = new Map<string, AttachedSession>()
  #isClosed = false

  get(id: string): AttachedSession | undefined {
    return this.#attached.get(id)
  }

  /** In place of the attachment that the editor had, whose prompts it goes on with. */
  attach(editor: EditorPorts, at: Attachment): AttachedSession {
    const attached = new AttachedSession(editor, at)
    if (this.#isClosed) {
      attached[Symbol.dispose]()
      return attached
    }
    const former = this.#attached.get(at.id)
    this.#attached.set(at.id, attached)
    if (former !== undefined) attached.takeOver(former)
    return attached
  }

  /** Nothing more is told of it. */
  detach(id: string): void {
    this.#attached.get(id)?.[Symbol.dispose]()
    this.#attached.delete(id)
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    for (const attached of this.#attached.values()) attached[Symbol.dispose]()
    this.#attached.clear()
  }
}
