// Runs tasks one after the other, in the order in which they came. A task that fails keeps no other from running.

import { ignore } from './deadline.ts'

export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as `task` does, which starts when those before it have settled. For tasks that are bounded by themselves. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task)
    this.#last = turn.catch(ignore('its caller is told'))
    return turn
  }
}
