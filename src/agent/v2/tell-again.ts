// How much may be told again: an agent of v2 adds a little to a tool call, v1 hears the whole. Without a bound a few bytes of the agent
// would be megabytes in the log, and many of them the end of the gateway.

/** Characters that may be told for each one that came. */
const FACTOR = 8
const AHEAD_CHARS_MAX = 1024 * 1024

/** Modes: in credit, or in debt: what is told again then waits until enough has come. */
export class TellAgain {
  #credit = AHEAD_CHARS_MAX

  get isAllowed(): boolean {
    return this.#credit > 0
  }

  came(chars: number): void {
    this.#credit = Math.min(AHEAD_CHARS_MAX, this.#credit + chars * FACTOR)
  }

  told(chars: number): void {
    this.#credit -= chars
  }
}
