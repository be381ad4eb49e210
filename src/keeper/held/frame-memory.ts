// The names of the newest frames that were written to one process, so that none is written twice in any life of the gateway.

/** A session has one turn out and a bounded number of requests: far fewer than this are of interest. */
const FRAMES_MAX = 1_024

export class FrameMemory {
  readonly #names: Set<string>

  constructor(names: Iterable<string> = []) {
    this.#names = new Set(names)
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** False when it is known. The oldest name is forgotten when there are too many. */
  add(name: string): boolean {
    if (this.#names.has(name)) return false
    this.#names.add(name)
    if (this.#names.size > FRAMES_MAX) {
      for (const oldest of this.#names) {
        this.#names.delete(oldest)
        break
      }
    }
    return true
  }

  list(): readonly string[] {
    return [...this.#names]
  }
}
