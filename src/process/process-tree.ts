// Which processes belong to one lease, judged from scans of the process table: tag, marker, proven group, descent.
// Pure: reads nothing and signals nobody. What once belonged belongs for ever, by its birth and not by its pid.

import type { Birth } from '../base/birth.ts'
import type { ScannedProcess } from './process-scanner.ts'
import type { Ownership } from './tag-value.ts'

/** The tree of one lease. */
export interface SweepTarget {
  readonly owner: Ownership
  /** The process we started: leader of its own group and session. Undefined when its start was never recorded. */
  readonly root: Birth | undefined
  /** Members that an earlier look has shown. */
  readonly seen?: readonly Birth[]
}

/** Signals per process until its state must say that it stopped. */
const STOPS_MAX = 4

/** Modes: none; it only grows. Never holds this process or pid 1. */
export class ProcessTree {
  readonly #target: SweepTarget
  #lastSeen: readonly Birth[]
  readonly #known = new Map<number, Birth>()
  /** Lives of gateways that run inside this tree: what they started belongs to it, also where nothing else shows that. */
  readonly #inner = new Set<string>()
  readonly #stopsSent = new Map<number, number>()

  constructor(target: SweepTarget) {
    this.#target = target
    for (const birth of target.seen ?? []) this.#known.set(birth.pid, birth)
    if (target.root) this.#known.set(target.root.pid, target.root)
    this.#lastSeen = [...this.#known.values()]
  }

  /** The members that the last scan showed; before the first one, the root and what was seen earlier. */
  lastSeen(): readonly Birth[] {
    return this.#lastSeen
  }

  /** Members besides the root that were ever seen and are not among `survivors`. */
  sweptCount(survivors: readonly Birth[]): number {
    const root = this.#target.root ? 1 : 0
    return this.#known.size - root - survivors.filter(({ pid }) => pid !== this.#target.root?.pid).length
  }

  /** `found`: the members among `rows`. `fresh`: those that are to be stopped (again). */
  absorb(rows: readonly ScannedProcess[]): { found: readonly Birth[]; fresh: readonly Birth[] } {
    const found = new Map<number, ScannedProcess>()
    const others: ScannedProcess[] = []
    for (const row of rows) this.#learnInner(row)
    for (const row of rows) {
      if (isUntouchable(row.pid)) continue
      if (this.#isKnown(row) || this.#carriesMark(row)) found.set(row.pid, row)
      else others.push(row)
    }
    this.#closeOver(found, others)
    const fresh: Birth[] = []
    for (const row of found.values()) {
      if (!this.#isFrozen(row)) fresh.push(row)
      this.#remember(row)
    }
    this.#lastSeen = [...found.values()]
    return { found: this.#lastSeen, fresh }
  }

  /** Adds the proven group and session of the root, and children of members, until nothing is added. */
  #closeOver(found: Map<number, ScannedProcess>, candidates: ScannedProcess[]): void {
    let others = candidates
    let size: number
    do {
      size = found.size
      const isGroupProven = this.#isGroupProven(found)
      others = others.filter((row) => {
        const isOurs = found.has(row.ppid) || (isGroupProven && this.#isInGroup(row))
        if (isOurs) found.set(row.pid, row)
        return !isOurs
      })
    } while (found.size > size)
  }

  /** The number of a group is free to be used again once the group is empty: a member that is ours proves that it is not. */
  #isGroupProven(found: ReadonlyMap<number, ScannedProcess>): boolean {
    for (const row of found.values()) if (this.#isInGroup(row)) return true
    return false
  }

  #isInGroup(row: ScannedProcess): boolean {
    const { root } = this.#target
    return root !== undefined && (row.pgid === root.pid || row.sid === root.pid)
  }

  #isKnown(row: ScannedProcess): boolean {
    return this.#known.get(row.pid)?.startTicks === row.startTicks
  }

  #carriesMark({ tag, markers }: ScannedProcess): boolean {
    return (tag !== undefined && this.#isOurs(tag)) || markers.some((marker) => this.#isOurs(marker))
  }

  #isOurs(mark: Ownership): boolean {
    return isSameOwner(mark, this.#target.owner) || this.#inner.has(lifeOf(mark))
  }

  /** A marker names its gateways from the outside in: those after ours were started inside of this tree. */
  #learnInner({ markers }: ScannedProcess): void {
    const { owner } = this.#target
    const ours = markers.findIndex((marker) => isSameOwner(marker, owner))
    if (ours === -1) return
    for (const marker of markers.slice(ours + 1)) if (lifeOf(marker) !== lifeOf(owner)) this.#inner.add(lifeOf(marker))
  }

  /** A stopped process cannot fork. One that does not stop (uninterruptible, not ours to signal) is not waited for. */
  #isFrozen(row: ScannedProcess): boolean {
    if (row.state === 'T' || row.state === 't') return true
    const sent = this.#stopsSent.get(row.pid) ?? 0
    this.#stopsSent.set(row.pid, sent + 1)
    return sent >= STOPS_MAX
  }

  #remember({ pid, startTicks }: Birth): void {
    if (this.#known.get(pid)?.startTicks !== startTicks) this.#known.set(pid, { pid, startTicks })
  }
}

function isSameOwner(a: Ownership, b: Ownership): boolean {
  return a.lease === b.lease && a.instance === b.instance && a.epoch === b.epoch
}

/** Every holder of processes has an epoch of its own. */
function lifeOf({ instance, epoch }: Ownership): string {
  return `${instance}.${epoch}`
}

function isUntouchable(pid: number): boolean {
  return pid === 1 || pid === process.pid
}
