// Virtual time: tasks run in the order of their times, and of their making where those are equal.

import { must } from './invariant.ts'

interface Task {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** A parent whose queue is full for minutes is told again every second of each task: thousands of steps, and an end. */
const STEPS_MAX = 20_000

export class Timeline {
  #now = 0
  #order = 0
  readonly #tasks: Task[] = []

  /** Milliseconds since the start of the schedule. */
  get now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): void {
    this.#tasks.push({ at: this.#now + ms, order: this.#order++, run })
  }

  /** Runs what is due until `until`; N1 when that does not end. */
  spin(until: number): void {
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const task = this.#takeNext(until)
      if (task === undefined) return
      this.#now = Math.max(this.#now, task.at)
      task.run()
    }
    must(false, 'N1', 'the schedule does not come to rest')
  }

  #takeNext(until: number): Task | undefined {
    let best = -1
    for (let i = 0; i < this.#tasks.length; i++) {
      const task = this.#tasks[i]
      const leader = this.#tasks[best]
      if (task === undefined || task.at > until) continue
      if (leader === undefined || task.at < leader.at || (task.at === leader.at && task.order < leader.order)) best = i
    }
    return best < 0 ? undefined : this.#tasks.splice(best, 1)[0]
  }
}
