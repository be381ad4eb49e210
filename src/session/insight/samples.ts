// The newest values of one quantity, enough for its median and its tail; older ones count in the totals only.

export interface Distribution {
  readonly count: number
  /** Milliseconds, of all values. */
  readonly meanMs: number
  readonly maxMs: number
  /** Of the newest 1,024. */
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

const KEPT = 1_024

export class Samples {
  readonly #newest: number[] = []
  #count = 0
  #sum = 0
  #max = 0

  /** A negative value (a clock that was set back) counts as 0. */
  add(value: number): void {
    const ms = Math.max(0, value)
    this.#newest[this.#count % KEPT] = ms
    this.#count++
    this.#sum += ms
    this.#max = Math.max(this.#max, ms)
  }

  distribution(): Distribution {
    const sorted = this.#newest.toSorted((a, b) => a - b)
    const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
    return {
      count: this.#count,
      meanMs: this.#count === 0 ? 0 : this.#sum / this.#count,
      maxMs: this.#max,
      p50Ms: at(0.5),
      p95Ms: at(0.95),
      p99Ms: at(0.99),
    }
  }
}
