// How much memory a new process could still get: what the machine has, and what the control groups around us leave.
// Reads the kernel's own files, a few small ones; safe to ask for before every start.

import { readFileSync } from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'

/** Where the kernel's files are; a test brings its own. */
export interface MemoryFiles {
  readonly proc: string
  readonly cgroup: string
}

/** Names of one control group's files; what is used includes files that the kernel would give up at once. */
export interface GroupFiles {
  readonly max: string
  readonly used: string
  readonly reclaimable: string
}

export const SYSTEM_FILES: MemoryFiles = { proc: '/proc', cgroup: '/sys/fs/cgroup' }
const V2: GroupFiles = { max: 'memory.max', used: 'memory.current', reclaimable: 'inactive_file' }
const V1: GroupFiles = {
  max: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  reclaimable: 'total_inactive_file',
}

/**
 * Bytes: the least of the machine's and of every control group above us. Where nothing can be read, what Node says; Infinity on
 * macOS, which counts only pages that nobody uses as free and keeps few of them whatever there is.
 */
export function readFreeMemory({ proc, cgroup }: MemoryFiles = SYSTEM_FILES): number {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(read(join(proc, 'meminfo')))?.[1]
  let free = available === undefined ? freeByNode() : Number(available) * 1024
  for (const [directory, files] of groupsOf(read(join(proc, 'self/cgroup')), cgroup))
    free = Math.min(free, freeOfGroup(directory, files))
  return free
}

function freeByNode(): number {
  return process.platform === 'darwin' ? Infinity : freemem()
}

/** Our control groups that can limit memory, from the outermost on. */
export function groupsOf(text: string, root: string): [string, GroupFiles][] {
  return text.split('\n').flatMap((line): [string, GroupFiles][] => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === '') return []
    if (controllers === '') return withParents(root, path).map((directory) => [directory, V2])
    const isOfMemory = controllers.split(',').includes('memory')
    return isOfMemory ? withParents(join(root, 'memory'), path).map((directory) => [directory, V1]) : []
  })
}

function withParents(root: string, path: string): string[] {
  const names = path.split('/').filter((name) => name !== '')
  return [...names.keys(), names.length].map((count) => join(root, ...names.slice(0, count)))
}

/** Infinity for a group that is not there or has no limit. */
function freeOfGroup(directory: string, { max, used, reclaimable }: GroupFiles): number {
  const limit = Number(read(join(directory, max)).trim() || 'max')
  if (!Number.isFinite(limit)) return Infinity
  const cache = new RegExp(`^${reclaimable} (\\d+)$`, 'm').exec(read(join(directory, 'memory.stat')))?.[1]
  return Math.max(0, limit - Number(read(join(directory, used))) + Number(cache ?? 0))
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
