// The signs of life of this process: that its loop turns, that its store answers, and what it is at. Written by the main thread, read
// by it and by the watchdog's thread. Costs a beat of a timer and a transaction without writes now and then.

import { startTicker } from '../base/ticker.ts'

/** Cells of the shared memory. */
export const CELL = { loop: 0, store: 1, phase: 2, isInStore: 3, epoch: 4 } as const
const CELLS = 5

export const PHASES = ['starting', 'recovering', 'serving', 'draining', 'closing'] as const
export type Phase = (typeof PHASES)[number]

export interface Progress {
  /** Beats of the event loop so far. */
  readonly loopTurns: number
  /** Answers of the store so far. */
  readonly storeAnswers: number
}

export class Pulse implements Disposable {
  readonly cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT))
  #ticker: Disposable | undefined
  #probe: () => Promise<void> = () => Promise.resolve()
  /** When the probe that is out was sent, on the monotonic clock. */
  #askedAt: number | undefined

  /** Beats every `beatMs`; each beat sends a probe unless one is out. */
  start(beatMs: number, probe: () => Promise<void>): void {
    this.#probe = probe
    this.#ticker = startTicker(beatMs, () => this.#beat())
    this.#beat()
  }

  /** Which life it is; 0 until that is known. */
  begin(epoch: number): void {
    Atomics.store(this.cells, CELL.epoch, epoch)
  }

  enter(phase: Phase): void {
    Atomics.store(this.cells, CELL.phase, PHASES.indexOf(phase))
  }

  /** Told around each transaction: a loop that stands still is often stuck in one. */
  inStore(isIn: boolean): void {
    Atomics.store(this.cells, CELL.isInStore, isIn ? 1 : 0)
  }

  /** Numbers that grow, for who asks whether there was progress since it last looked. */
  progress(): Progress {
    return { loopTurns: Atomics.load(this.cells, CELL.loop), storeAnswers: Atomics.load(this.cells, CELL.store) }
  }

  /** Whether the store has left a probe without an answer for longer than `ms`. Sends one if none is out. */
  isStoreSilent(ms: number): boolean {
    if (this.#ticker !== undefined) this.#ask()
    return this.#askedAt !== undefined && performance.now() - this.#askedAt > ms
  }

  [Symbol.dispose](): void {
    this.#ticker?.[Symbol.dispose]()
    this.#ticker = undefined
  }

  #beat(): void {
    Atomics.add(this.cells, CELL.loop, 1)
    this.#ask()
  }

  #ask(): void {
    if (this.#askedAt !== undefined) return
    this.#askedAt = performance.now()
    // A refusal is an answer too: who is refused says so elsewhere.
    this.#probe().then(
      () => this.#answered(),
      () => this.#answered(),
    )
  }

  #answered(): void {
    this.#askedAt = undefined
    Atomics.add(this.cells, CELL.store, 1)
  }
}
