// Finds processes that a test left behind, by its own reading of /proc: it shares no code with the sweep it checks.

import { readdirSync, readFileSync } from 'node:fs'

export interface LiveProcess {
  readonly pid: number
  readonly ppid: number
  readonly startTicks: string
  readonly command: string
}

export interface LeakQuery {
  /** Number of a database: what carries its marker or its rlimit tag. */
  readonly instance?: number
  /** A word that was put into the environment or the arguments of everything the test started. */
  readonly mark?: string
  /** `pid startTicks` of processes that told about themselves. */
  readonly births?: readonly string[]
  /** Everything that descends from this process now. */
  readonly ancestor?: number
}

/** Live processes (zombies are not) that match any part of `query`. */
export function listLeaks(query: LeakQuery): LiveProcess[] {
  const all = listLive()
  const descendants = query.ancestor === undefined ? new Set<number>() : descendantsOf(query.ancestor, all)
  return all.filter((row) => descendants.has(row.pid) || matches(row, query))
}

export interface LeakCheck {
  /** Rejects with a list when something is left after `msMax` (default 2 s, for what is just ending). */
  assertNone(msMax?: number): Promise<void>
}

/** Remembers what lives below this process now; later only what is new counts. For `beforeEach` and `afterEach`. */
export function startLeakCheck(query: LeakQuery = {}): LeakCheck {
  const full = { ancestor: process.pid, ...query }
  const before = new Set(listLeaks({ ancestor: process.pid }).map(identity))
  const leaks = (): LiveProcess[] => listLeaks(full).filter((row) => !before.has(identity(row)))
  return {
    assertNone: async (msMax = 2_000) => {
      const until = Date.now() + msMax
      while (leaks().length > 0) {
        if (Date.now() > until) throw new Error(`processes are left: ${JSON.stringify(leaks())}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
}

export function identity({ pid, startTicks }: { pid: number; startTicks: string }): string {
  return `${pid} ${startTicks}`
}

/** `pid startTicks` of one process; undefined when it has ended. */
export function findBirth(pid: number): string | undefined {
  const row = readProcess(pid)
  return row && identity(row)
}

function matches(row: LiveProcess, { instance, mark, births }: LeakQuery): boolean {
  if (births?.includes(identity(row))) return true
  const environ = read(row.pid, 'environ')
  if (mark !== undefined && (environ.includes(mark) || row.command.includes(mark))) return true
  if (instance === undefined) return false
  const marker = /(?:^|\0)HOLDFAST_LEASE=([^\0]*)/.exec(environ)?.[1] ?? ''
  if (marker.split(':').some((part) => part.startsWith(`${instance}.`))) return true
  const hard = /^Max file locks\s+\d+\s+(\d+)/m.exec(read(row.pid, 'limits'))?.[1]
  return hard !== undefined && (BigInt(hard) >> 24n) % 2n ** 24n === BigInt(instance)
}

function descendantsOf(ancestor: number, all: readonly LiveProcess[]): Set<number> {
  const found = new Set([ancestor])
  for (let size = 0; size !== found.size;) {
    size = found.size
    for (const row of all) if (found.has(row.ppid)) found.add(row.pid)
  }
  found.delete(ancestor)
  return found
}

function listLive(): LiveProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => readProcess(Number(pid)) ?? [])
}

function readProcess(pid: number): LiveProcess | undefined {
  const match = /^\d+ \([^]*\) (\S) (\d+) (.*)/.exec(read(pid, 'stat'))
  if (!match || match[1] === 'Z' || match[1] === 'X') return undefined
  const startTicks = match[3]?.split(' ')[17] ?? ''
  return { pid, ppid: Number(match[2]), startTicks, command: read(pid, 'cmdline').replaceAll('\0', ' ') }
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}
