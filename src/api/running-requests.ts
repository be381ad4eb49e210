// Counts the requests that are being answered, so that a close waits for them and for nothing else: a connection on which nothing
// was asked yet does not count.

import type { ServerResponse } from 'node:http'

export class RunningRequests {
  #count = 0
  #whenNone: (() => void) | undefined

  add(response: ServerResponse): void {
    this.#count += 1
    response.once('close', () => {
      this.#count -= 1
      if (this.#count === 0) this.#whenNone?.()
    })
  }

  /** Resolves when none runs. For one caller. */
  none(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => (this.#whenNone = resolve))
  }
}
