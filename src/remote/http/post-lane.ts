// Messages on their way out over HTTP, each a request of its own: they begin in order. One begins when the one before has its status;
// a server that holds that back delays the next, perhaps a cancel or an answer to a question of the agent, for a moment only.

import type { Clock, Timer } from '../../base/clock.ts'

export interface Post {
  /** Held: nothing else begins before it is over. */
  readonly isFirst: boolean
  readonly bytes: number
  /** Never rejects. */
  run(): Promise<void>
}

export class PostLane {
  readonly #clock: Clock
  readonly #heldMs: number
  #waiting: Post[] = []
  /** Those that have begun and have no status yet. */
  readonly #begun = new Set<Post>()
  #bytes = 0
  #timer: Timer | undefined
  #isClosed = false

  constructor(clock: Clock, heldMs: number) {
    this.#clock = clock
    this.#heldMs = heldMs
  }

  /** Of messages that have no status yet. */
  get bytes(): number {
    return this.#bytes
  }

  push(post: Post): void {
    if (this.#isClosed) return
    this.#bytes += post.bytes
    this.#waiting.push(post)
    if (this.#begun.size === 0) this.#next()
    else this.#arm()
  }

  /** What has not begun never will. */
  close(): void {
    this.#isClosed = true
    this.#waiting = []
    this.#timer?.cancel()
  }

  #next(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const post = this.#waiting.shift()
    if (post === undefined) return
    this.#begun.add(post)
    void post.run().then(() => this.#over(post))
    this.#arm()
  }

  #over(post: Post): void {
    this.#begun.delete(post)
    this.#bytes -= post.bytes
    if (this.#begun.size === 0 && !this.#isClosed) this.#next()
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#waiting.length === 0 || this.#isClosed) return
    if ([...this.#begun].some(({ isFirst }) => isFirst)) return
    this.#timer = this.#clock.at(this.#clock.now() + this.#heldMs, () => this.#next())
  }
}
