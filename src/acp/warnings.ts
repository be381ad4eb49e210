// Counts what is odd on one connection, and tells of it without letting a flood through: the first 20 of a kind, then
// every doubling.

import { excerptOf } from './excerpt.ts'
import type { PeerWarning, WarningKind } from './rpc.ts'

const TOLD_ALWAYS_MAX = 20

/** Whether the `count`th thing of a kind is told of. */
export function isTold(count: number): boolean {
  return count <= TOLD_ALWAYS_MAX || Number.isInteger(Math.log2(count))
}

export class Warnings {
  readonly #tell: (warning: PeerWarning) => void
  readonly #counts = new Map<WarningKind, number>()

  constructor(tell: (warning: PeerWarning) => void) {
    this.#tell = tell
  }

  add(kind: WarningKind, text: string): void {
    const count = this.countOf(kind) + 1
    this.#counts.set(kind, count)
    if (isTold(count)) this.#tell({ kind, excerpt: excerptOf(text), count })
  }

  countOf(kind: WarningKind): number {
    return this.#counts.get(kind) ?? 0
  }
}
