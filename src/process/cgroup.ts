// The mode `cgroup`: a control group (v2) for the tree of one lease, named holdfast-<instance>/<lease>.<epoch>.
// Owns making, limiting, killing and removing it. Where it is made is cgroup-place.ts; whether it works, cgroup-probe.ts.

import { constants, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { pause } from '../base/deadline.ts'
import type { Enclosure } from './enclosure.ts'
import type { Ownership } from './tag-value.ts'

export interface CgroupLimits {
  /** Swap is not added to it. Undefined: no limit. */
  readonly memoryBytesMax?: number | undefined
  /** Threads count, as the kernel counts them. Undefined: no limit. */
  readonly processesMax?: number | undefined
}

/** Whether somebody still holds what this lease is for. */
export type IsKept = (owner: Pick<Ownership, 'lease' | 'epoch'>) => boolean

export type Controller = 'memory' | 'pids'

const EMPTY_MS_MAX = 2_000
const POLL_MS = 5
/** Enters before the program runs: a tree that was outside for a moment could stay there. */
const ENTER_SCRIPT = 'echo $$ >"$1" && shift && exec "$@"'

/** Makes the group of a lease below `base`, with its limits. Rejects with the system's error, and then nothing is left. */
export async function openLeaseCgroup(base: string, owner: Ownership, limits: CgroupLimits): Promise<Enclosure> {
  const parent = parentOf(base, owner.instance)
  await mkdir(parent, { recursive: true })
  const controllers = controllersFor(limits)
  for (const directory of [base, parent]) await enableControllers(directory, controllers)
  const directory = join(parent, `${owner.lease}.${owner.epoch}`)
  await mkdir(directory)
  try {
    await setLimits(directory, limits)
  } catch (error) {
    await removeCgroup(directory)
    throw error
  }
  return new LeaseCgroup(directory)
}

/** What `limits` need. */
export function controllersFor({ memoryBytesMax, processesMax }: CgroupLimits): Controller[] {
  return [...(memoryBytesMax ? (['memory'] as const) : []), ...(processesMax ? (['pids'] as const) : [])]
}

/** Lets the children of `directory` have limits. Rejects with the system's error: EBUSY where processes live in it. */
export async function enableControllers(directory: string, controllers: readonly Controller[]): Promise<void> {
  const file = join(directory, 'cgroup.subtree_control')
  const enabled = controllers.length === 0 ? [] : words(await readFile(file, 'utf8'))
  const missing = controllers.filter((name) => !enabled.includes(name))
  if (missing.length > 0) await writeFile(file, missing.map((name) => `+${name}`).join(' '))
}

/**
 * Ends and removes the groups of earlier lives of `instance` below `base`: all but those that are `isKept`. Resolves with the
 * number of groups that were not empty. Never rejects.
 */
export async function reapCgroups(base: string, instance: number, isKept: IsKept): Promise<number> {
  const parent = parentOf(base, instance)
  const names = await readdir(parent).catch(() => [])
  const dead = names.filter((name) => {
    const [, lease, epoch] = /^(\d+)\.(\d+)$/.exec(name) ?? []
    return lease !== undefined && !isKept({ lease: Number(lease), epoch: Number(epoch) })
  })
  const wasPopulated = await Promise.all(dead.map((name) => endCgroup(join(parent, name))))
  await removeParent(base, instance)
  return wasPopulated.filter(Boolean).length
}

/** Removes what held the groups of `instance`, unless one is still in it. Never rejects. */
export async function removeParent(base: string, instance: number): Promise<void> {
  await rmdir(parentOf(base, instance)).catch(() => undefined)
}

/** `argv` behind a shell that puts itself into the group and then becomes the program: the pid stays. */
export function enterCgroup(directory: string, argv: readonly [string, ...string[]]): readonly [string, ...string[]] {
  return ['/bin/sh', '-c', ENTER_SCRIPT, 'sh', join(directory, 'cgroup.procs'), ...argv]
}

/** SIGKILL to all in the group and below it. Resolves when it is empty, or after 2 s. Never rejects. */
export async function killCgroup(directory: string): Promise<void> {
  // Refused where there is no such group any more: then nothing is in it.
  await writeFile(join(directory, 'cgroup.kill'), '1', { flag: constants.O_WRONLY }).catch(() => undefined)
  const until = performance.now() + EMPTY_MS_MAX
  while (isPopulated(directory) && performance.now() < until) await pause(POLL_MS)
}

/** Removes an empty group and what the agent made below it. What cannot be removed stays for the next start. Never rejects. */
export async function removeCgroup(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeCgroup(join(directory, entry.name))
  await rmdir(directory).catch(() => undefined)
}

class LeaseCgroup implements Enclosure {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  wrap(argv: readonly [string, ...string[]]): readonly [string, ...string[]] {
    return enterCgroup(this.#directory, argv)
  }

  kill(): Promise<void> {
    return killCgroup(this.#directory)
  }

  memoryKills(): number {
    return Number(/^oom_kill (\d+)$/m.exec(readOr(join(this.#directory, 'memory.events'), ''))?.[1] ?? 0)
  }

  dispose(): Promise<void> {
    return removeCgroup(this.#directory)
  }
}

async function setLimits(directory: string, { memoryBytesMax, processesMax }: CgroupLimits): Promise<void> {
  if (memoryBytesMax) {
    await writeFile(join(directory, 'memory.max'), String(memoryBytesMax))
    // Kernels without swap accounting have no such file, and no swap to escape to that it would count.
    await writeFile(join(directory, 'memory.swap.max'), '0').catch(() => undefined)
  }
  if (processesMax) await writeFile(join(directory, 'pids.max'), String(processesMax))
}

async function endCgroup(directory: string): Promise<boolean> {
  const wasPopulated = isPopulated(directory)
  await killCgroup(directory)
  await removeCgroup(directory)
  return wasPopulated
}

function isPopulated(directory: string): boolean {
  return /^populated 1$/m.test(readOr(join(directory, 'cgroup.events'), ''))
}

function parentOf(base: string, instance: number): string {
  return join(base, `holdfast-${instance}`)
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean)
}
