// The ends of the event chains, remembered so that an append needs no read first.
// A wrong entry does no harm: the fenced UPDATE names the seq it starts from, and 0 rows make the caller read again.

import type { SessionNo } from './records.ts'
import type { Head } from './tables/session.ts'

/** About 100 bytes each. The least recently used are dropped. */
const HEADS_MAX = 8_192

export class Heads {
  readonly #committed = new Map<SessionNo, Head>()
  /** What the open transaction has changed. */
  readonly #staged = new Map<SessionNo, Head>()

  find(no: SessionNo): Head | undefined {
    return this.#staged.get(no) ?? this.#committed.get(no)
  }

  stage(no: SessionNo, head: Head): void {
    this.#staged.set(no, head)
  }

  forget(no: SessionNo): void {
    this.#staged.delete(no)
    this.#committed.delete(no)
  }

  confirm(): void {
    for (const [no, head] of this.#staged) {
      this.#committed.delete(no)
      this.#committed.set(no, head)
    }
    this.#staged.clear()
    for (const oldest of this.#committed.keys()) {
      if (this.#committed.size <= HEADS_MAX) break
      this.#committed.delete(oldest)
    }
  }

  discard(): void {
    this.#staged.clear()
  }
}
