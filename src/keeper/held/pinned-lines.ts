// Requests of one process that are read and stored but not answered: kept when their lines are let go of, until the answer is
// written. A later life of the gateway reads them again. Owns copies, within a bound; never looks into a line.

/** A line that is handed out again, and the frame that settles it. */
export interface PinnedLine {
  readonly line: number
  readonly frameId: string
  /** Without terminator. */
  readonly text: string
}

/** Of all pinned lines of a process, in characters: they travel in one frame with those of all others. */
const PINNED_CHARS_MAX = 64 * 1024

export class PinnedLines {
  readonly #byFrame = new Map<string, PinnedLine>()
  #chars = 0

  /** Overflow rule: what does not fit is not pinned; a gateway that dies then leaves that request without an answer. */
  add(pinned: PinnedLine): void {
    if (this.#byFrame.has(pinned.frameId) || this.#chars + pinned.text.length > PINNED_CHARS_MAX) return
    this.#byFrame.set(pinned.frameId, pinned)
    this.#chars += pinned.text.length
  }

  /** The frame was written. */
  settle(frameId: string): void {
    this.#chars -= this.#byFrame.get(frameId)?.text.length ?? 0
    this.#byFrame.delete(frameId)
  }

  /** In the order of their lines. */
  list(): readonly PinnedLine[] {
    return [...this.#byFrame.values()].toSorted((a, b) => a.line - b.line)
  }
}
