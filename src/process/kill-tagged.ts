// Lists (and, for a dead owner, ends) process trees by tag and marker, without the database: `doctor --orphans`.

import { readFileSync } from 'node:fs'

import { ProcessScanner, type ScannedProcess } from './process-scanner.ts'
import { sweep, type SweepReport } from './sweep.ts'
import type { Ownership } from './tag-value.ts'

export interface TaggedProcess extends Ownership {
  readonly pid: number
  readonly ppid: number
  /** Clock ticks since boot, decimal: with the pid, the identity. */
  readonly startTicks: string
  /** Which of the two named the owner. */
  readonly by: 'tag' | 'marker'
  /** The command line as the process shows it now; it may have been changed or hidden. */
  readonly argv: readonly string[]
}

const ARGV_BYTES_MAX = 4_096

/**
 * Every live process with the tag or a marker of any gateway, or of `instance` only. Empty where there is no /proc; rejects
 * when there is one that cannot be read, because no list must not pass for an empty one.
 */
export async function listTagged(instance?: number): Promise<TaggedProcess[]> {
  const tagged: TaggedProcess[] = []
  for (const row of await scanAll()) {
    const owner = ownerOf(row, instance)
    if (owner === undefined) continue
    const { pid, ppid, startTicks } = row
    tagged.push({ ...owner, pid, ppid, startTicks, argv: readArgv(pid) })
  }
  return tagged
}

/** What was found of one owner. */
export interface TaggedTree {
  readonly owner: Ownership
  readonly seen: readonly TaggedProcess[]
}

/** One tree for each owner, in the order in which they were found. */
export function toTrees(found: readonly TaggedProcess[]): TaggedTree[] {
  const byOwner = Map.groupBy(found, ({ instance, lease, epoch }) => `${instance}.${lease}.${epoch}`)
  return [...byOwner.values()].map((seen) => {
    const { instance, lease, epoch } = seen[0]!
    return { owner: { instance, lease, epoch }, seen }
  })
}

/**
 * Sweeps a tree whose root may be long gone. The caller has proven that the owner is dead. Several at once are cheaper with one
 * `scanner`: they share its scans. What was seen and cannot be looked for again counts as alive. Never rejects.
 */
export function killTagged(tree: TaggedTree, msMax: number, scanner = new ProcessScanner()): Promise<SweepReport> {
  return sweep({ ...tree, root: undefined }, scanner, { msMax })
}

async function scanAll(): Promise<ScannedProcess[]> {
  try {
    return await new ProcessScanner().scan()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function ownerOf(
  row: ScannedProcess,
  instance: number | undefined,
): (Ownership & Pick<TaggedProcess, 'by'>) | undefined {
  const isWanted = (owner: Ownership): boolean => instance === undefined || owner.instance === instance
  if (row.tag && isWanted(row.tag)) return { ...row.tag, by: 'tag' }
  const marker = row.markers.findLast(isWanted)
  return marker && { ...marker, by: 'marker' }
}

/** The command line of a process as everybody can read it; empty when it has ended. */
export function readArgv(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8').slice(0, ARGV_BYTES_MAX)
    return text.split('\0').filter((part, i, all) => part !== '' || i < all.length - 1)
  } catch {
    return []
  }
}
