// How a process tree is tagged here: `prlimit`, a shell's `ulimit`, or the environment marker alone.
// RLIMIT_LOCKS does nothing since Linux 2.4.25 but is inherited over fork, exec and setsid and readable by everybody.

import { readFileSync } from 'node:fs'

import { findTool, runBriefly, TOOL_PATH } from './run-briefly.ts'
import { hardLimitBelow } from './tag-value.ts'

export type Tagging =
  | { readonly kind: 'prlimit'; readonly command: string; readonly hard: string }
  | { readonly kind: 'ulimit'; readonly command: string; readonly hard: string; readonly flag: 'w' | 'x' }
  | { readonly kind: 'marker' }

export interface LockLimits {
  readonly soft: string
  readonly hard: string
}

const PROBE_LEASE = 1

/**
 * Finds out once how trees can be tagged, by tagging a `cat` of its own limits and reading what comes back.
 * Never rejects: where nothing works (no Linux, odd sandboxes, an inherited limit below ours) it says `marker`.
 */
export async function probeTagging(instance: number, epoch: number, toolPath = TOOL_PATH): Promise<Tagging> {
  const hard = hardLimitBelow(readOwnHardLimit(), instance, epoch)
  const cat = findTool('cat', toolPath)
  if (process.platform !== 'linux' || hard === undefined || cat === undefined) return { kind: 'marker' }
  for (const tagging of candidates(hard, toolPath)) {
    if (await works(tagging, cat)) return tagging
  }
  return { kind: 'marker' }
}

/** `argv` behind whatever sets the tag of `lease`. The wrapper executes in place: the pid stays, no process is added. */
export function tagCommand(
  tagging: Tagging,
  lease: number,
  argv: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  switch (tagging.kind) {
    case 'prlimit':
      return [tagging.command, `--locks=${lease}:${tagging.hard}`, '--', ...argv]
    case 'ulimit': {
      const { flag, hard } = tagging
      // Soft first: a hard limit below the soft one is refused. Started by the name `sh`: under its own name bash reads
      // ~/.bashrc when its stdin is a socket, and Node's pipes are sockets.
      const script = `ulimit -S -${flag} ${lease} && ulimit -H -${flag} ${hard} && exec "$@"`
      return [tagging.command, '-c', script, 'sh', ...argv]
    }
    case 'marker':
      return argv
    default:
      return tagging satisfies never
  }
}

/** The line `Max file locks` of /proc/PID/limits; undefined when it is missing or unlimited. */
export function parseLockLimits(text: string): LockLimits | undefined {
  const match = /^Max file locks +(\d+) +(\d+) /m.exec(text)
  return match ? { soft: match[1] as string, hard: match[2] as string } : undefined
}

function* candidates(hard: string, toolPath: string): Iterable<Tagging> {
  const prlimit = findTool('prlimit', toolPath)
  if (prlimit !== undefined) yield { kind: 'prlimit', command: prlimit, hard }
  const sh = findTool('sh', toolPath)
  if (sh === undefined) return
  yield { kind: 'ulimit', command: sh, hard, flag: 'w' } // dash, busybox
  yield { kind: 'ulimit', command: sh, hard, flag: 'x' } // bash
}

async function works(tagging: Tagging, cat: string): Promise<boolean> {
  try {
    const argv = tagCommand(tagging, PROBE_LEASE, [cat, '/proc/self/limits'])
    const limits = parseLockLimits((await runBriefly(argv)).stdout)
    return tagging.kind !== 'marker' && limits?.hard === tagging.hard && limits.soft === String(PROBE_LEASE)
  } catch {
    return false
  }
}

function readOwnHardLimit(): string | undefined {
  try {
    return parseHardLimit(readFileSync('/proc/self/limits', 'latin1'))
  } catch {
    return undefined
  }
}

function parseHardLimit(text: string): string | undefined {
  const hard = /^Max file locks +\S+ +(\S+) /m.exec(text)?.[1]
  return hard === undefined || hard === 'unlimited' ? undefined : hard
}
