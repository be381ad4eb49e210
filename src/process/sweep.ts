// Freeze-and-rescan sweep of one process tree: stop all of it, look again until it no longer grows, kill it, look twice more.
// Never touches a process without evidence (tag, marker, descent, proven group), and never this process.

import { pause } from '../base/deadline.ts'
import { isAlive, signalProcess, trySignal, type Birth } from './birth.ts'
import type { ProcessScanner, ScannedProcess } from './process-scanner.ts'
import type { Ownership } from './tag-value.ts'

/** The tree of one lease. */
export interface SweepTarget {
  readonly owner: Ownership
  /** The process we started: leader of its own group and session. Undefined when its start was never recorded. */
  readonly root: Birth | undefined
}

export interface SweepReport {
  /** Processes besides the root that were ended. */
  readonly swept: number
  /** Pids that live on: uninterruptible, or not ours to signal. Empty means two clean scans. */
  readonly survivors: readonly number[]
}

export interface SweepOptions {
  readonly msMax: number
}

const CLEAN_SCANS = 2
const CLEAN_PAUSE_MS = 30
/** A tree that still grows after so many looks is killed as far as it is frozen; the next round takes the rest. */
const FREEZE_ROUNDS_MAX = 20
/** Signals per process until its state must say that it stopped. */
const STOPS_MAX = 4
const KILL_PAUSE_MS = 5

/**
 * Ends every process of `target` and proves it by two clean scans 30 ms apart, or gives up after `msMax` and names the
 * survivors. Zombies count as dead. Never rejects. Reliability 2.6.
 */
export async function sweep(
  target: SweepTarget,
  scanner: Pick<ProcessScanner, 'scan'>,
  { msMax }: SweepOptions,
): Promise<SweepReport> {
  const tree = new ProcessTree(target)
  const until = performance.now() + msMax
  let clean = 0
  while (clean < CLEAN_SCANS && performance.now() < until) {
    const members = await freeze(tree, scanner, until)
    clean = members.length === 0 ? clean + 1 : 0
    for (const member of members) signalProcess(member, 'SIGKILL')
    if (clean < CLEAN_SCANS) await pause(members.length === 0 ? CLEAN_PAUSE_MS : KILL_PAUSE_MS)
  }
  const survivors = clean >= CLEAN_SCANS ? [] : tree.members().filter(isAlive)
  return { swept: tree.sweptCount(survivors), survivors: survivors.map(({ pid }) => pid) }
}

/** Stops what is found until a scan finds nothing new; returns the last scan's members. */
async function freeze(
  tree: ProcessTree,
  scanner: Pick<ProcessScanner, 'scan'>,
  until: number,
): Promise<readonly Birth[]> {
  let members: readonly Birth[] = []
  for (let round = 0; round < FREEZE_ROUNDS_MAX; round++) {
    const { found, fresh } = tree.absorb(await scanner.scan())
    members = found
    if (fresh.length === 0 || performance.now() > until) break
    for (const birth of fresh) signalProcess(birth, 'SIGSTOP')
  }
  return members
}

/** Everything that was ever seen to belong to the target; membership is by birth and is never lost. */
class ProcessTree {
  readonly #target: SweepTarget
  readonly #known = new Map<number, Birth>()
  readonly #stopsSent = new Map<number, number>()

  constructor(target: SweepTarget) {
    this.#target = target
    if (target.root) this.#known.set(target.root.pid, target.root)
  }

  members(): Birth[] {
    return [...this.#known.values()]
  }

  sweptCount(survivors: readonly Birth[]): number {
    const root = this.#target.root ? 1 : 0
    return this.#known.size - root - survivors.filter(({ pid }) => pid !== this.#target.root?.pid).length
  }

  /** `found`: the members among `rows`. `fresh`: those that are to be stopped (again). */
  absorb(rows: readonly ScannedProcess[]): { found: Birth[]; fresh: Birth[] } {
    const found = new Map<number, ScannedProcess>()
    const others: ScannedProcess[] = []
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
    return { found: [...found.values()], fresh }
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
    const { owner } = this.#target
    return (tag !== undefined && isSameOwner(tag, owner)) || markers.some((marker) => isSameOwner(marker, owner))
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

function isUntouchable(pid: number): boolean {
  return pid === 1 || pid === process.pid
}

/**
 * Where processes cannot be listed: kills the group that `pid` leads until it is empty. Only while the leader was not
 * waited for, or right after, because nothing else proves whose group it is. Best effort; never rejects.
 */
export async function sweepGroup(pid: number, { msMax }: SweepOptions): Promise<SweepReport> {
  const until = performance.now() + msMax
  while (trySignal(-pid, 'SIGKILL')) {
    if (performance.now() > until) return { swept: 0, survivors: [pid] }
    await pause(CLEAN_PAUSE_MS)
  }
  return { swept: 0, survivors: [] }
}
