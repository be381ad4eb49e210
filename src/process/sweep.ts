// Freeze-and-rescan sweep of one process tree: stop all of it, look again until it no longer grows, kill it, look twice more.
// Never touches a process without evidence (tag, marker, descent, proven group), and never this process.

import { pause } from '../base/deadline.ts'
import type { Birth } from '../base/birth.ts'
import { signalProcess, trySignal } from './signals.ts'
import type { ProcessScanner } from './process-scanner.ts'
import { ProcessTree, type SweepTarget } from './process-tree.ts'

export interface SweepReport {
  /** Processes besides the root that were ended. */
  readonly swept: number
  /** Pids that live on: uninterruptible, or not ours to signal. Empty means two clean scans. */
  readonly survivors: readonly number[]
}

export interface SweepOptions {
  readonly msMax: number
}

const SLICE_MS = 4
const CLEAN_SCANS = 2
const CLEAN_PAUSE_MS = 30
/** A tree that still grows after so many looks is killed as far as it is frozen; the next round takes the rest. */
const FREEZE_ROUNDS_MAX = 20
const KILL_PAUSE_MS = 5

/**
 * Ends every process of `target` and proves it by two clean scans 30 ms apart, or gives up after `msMax` and names the
 * survivors: also when the process table could not be read, because then nothing is proven. Zombies count as dead.
 * Never rejects. Reliability 2.6.
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
    clean = members?.length === 0 ? clean + 1 : 0
    await signalAll(members ?? [], 'SIGKILL')
    if (clean < CLEAN_SCANS) await pause(members?.length ? KILL_PAUSE_MS : CLEAN_PAUSE_MS)
  }
  const survivors = clean >= CLEAN_SCANS ? [] : tree.lastSeen()
  return { swept: tree.sweptCount(survivors), survivors: survivors.map(({ pid }) => pid) }
}

/** Stops what is found until a scan finds nothing new; gives the last scan's members, or undefined when it failed. */
async function freeze(
  tree: ProcessTree,
  scanner: Pick<ProcessScanner, 'scan'>,
  until: number,
): Promise<readonly Birth[] | undefined> {
  for (let round = 1; ; round++) {
    const rows = await scanner.scan().catch(() => undefined)
    if (rows === undefined) return undefined
    const { found, fresh } = tree.absorb(rows)
    if (fresh.length === 0 || round >= FREEZE_ROUNDS_MAX || performance.now() > until) return found
    await signalAll(fresh, 'SIGSTOP')
  }
}

/** In slices, so that a tree of thousands does not hold the event loop. */
async function signalAll(births: readonly Birth[], signal: 'SIGSTOP' | 'SIGKILL'): Promise<void> {
  let sliceStart = performance.now()
  for (const birth of births) {
    signalProcess(birth, signal)
    if (performance.now() - sliceStart <= SLICE_MS) continue
    await new Promise((resolve) => setImmediate(resolve))
    sliceStart = performance.now()
  }
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
