// How many turns may be out at once in each lane, over all sessions. First come first served: a session asks for one turn at a time,
// so that the sessions of a lane take turns.

import type { Lane } from '../../store/records.ts'

/** Turns that may be out at once; 0 = no bound. Read at each use. */
export type LaneBounds = Readonly<Record<Lane, number>>

/** The lanes that have a bound. */
export function boundLanesOf(bounds: LaneBounds): readonly Lane[] {
  return (Object.keys(bounds) as Lane[]).filter((lane) => bounds[lane] > 0)
}

interface Waiter {
  enter(): void
}

interface Room {
  out: number
  readonly waiting: Set<Waiter>
}

export class Lanes {
  readonly #bounds: LaneBounds
  readonly #rooms: Readonly<Record<Lane, Room>> = {
    interactive: { out: 0, waiting: new Set() },
    background: { out: 0, waiting: new Set() },
    scheduled: { out: 0, waiting: new Set() },
  }

  constructor(bounds: LaneBounds) {
    this.#bounds = bounds
  }

  /** Turns that are out in a lane and were let in here. */
  out(lane: Lane): number {
    return this.#rooms[lane].out
  }

  /** The bounds have changed: whoever fits now is let in. */
  recheck(): void {
    for (const lane of Object.keys(this.#bounds) as Lane[]) this.#letIn(lane)
  }

  /** Calls `entered`, perhaps at once, when there is room. Disposing it gives the place back, or up. */
  enter(lane: Lane, entered: () => void): Disposable {
    const room = this.#rooms[lane]
    let isIn = false
    const waiter: Waiter = {
      enter: () => {
        isIn = true
        entered()
      },
    }
    room.waiting.add(waiter)
    this.#letIn(lane)
    let isOver = false
    const leave = (): void => {
      if (isOver) return
      isOver = true
      room.waiting.delete(waiter)
      if (isIn) this.#free(lane)
    }
    return { [Symbol.dispose]: leave }
  }

  /** For a turn that is out already, of an earlier life of the gateway: at once, also beyond the bound. */
  take(lane: Lane): Disposable {
    this.#rooms[lane].out++
    let isOver = false
    const leave = (): void => {
      if (!isOver) this.#free(lane)
      isOver = true
    }
    return { [Symbol.dispose]: leave }
  }

  #free(lane: Lane): void {
    this.#rooms[lane].out--
    this.#letIn(lane)
  }

  #letIn(lane: Lane): void {
    const room = this.#rooms[lane]
    for (const waiter of room.waiting) {
      const bound = this.#bounds[lane]
      if (bound > 0 && room.out >= bound) return
      room.waiting.delete(waiter)
      room.out++
      waiter.enter()
    }
  }
}
