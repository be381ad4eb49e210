// The authorisation of a restart by signal: a small file in the run directory, which only its user can write to, for one process, one time
// and one minute. Owns the file. Anybody of this user can send SIGUSR1 by mistake; nobody writes this file by mistake.

import { closeSync, constants, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import type { Json } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'

/** Who is meant. A pid alone names nobody: pids are used again. */
export interface Addressee {
  readonly pid: number
  /** Start time in clock ticks since boot. */
  readonly start: string
  readonly boot: string
}

/** `absent`: nobody wrote one. `void`: there was one that does not count. */
export type Intent =
  | { readonly kind: 'valid'; readonly reason: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'void'; readonly because: string }

const BYTES_MAX = 1024
const TTL_MS = 60_000
const REASON_CHARS_MAX = 200
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

/** Replaces one that was not read. Rejects with the system's error. */
export function writeIntent(runDir: string, to: Addressee, { reason, now }: { reason: string; now: number }): void {
  const path = intentPath(runDir)
  rmSync(path, { force: true })
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    const { pid, start, boot } = to
    writeSync(fd, JSON.stringify({ pid, start, boot, at: now, reason: reason.slice(0, REASON_CHARS_MAX) }))
  } finally {
    closeSync(fd)
  }
}

/** Reads and removes it, also when it is void. Never throws. */
export function takeIntent(runDir: string, self: Addressee, now: number): Intent {
  const path = intentPath(runDir)
  try {
    const text = readIntent(path)
    rmSync(path, { force: true })
    return typeof text === 'string' ? judge(text, self, now) : text
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { kind: 'absent' }
    rmSync(path, { force: true })
    return { kind: 'void', because: code === 'ELOOP' ? 'it is a link' : `it cannot be read (${code})` }
  }
}

export function intentPath(runDir: string): string {
  return join(runDir, 'restart-intent')
}

function readIntent(path: string): string | Intent {
  // Without waiting: a pipe in its place must not hold the gateway.
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.nlink !== 1) return { kind: 'void', because: 'it is no plain file of one name' }
    if (stat.uid !== process.getuid?.() || (stat.mode & 0o077) !== 0)
      return { kind: 'void', because: 'others may have written it' }
    if (stat.size > BYTES_MAX) return { kind: 'void', because: `it has more than ${BYTES_MAX} bytes` }
    const buffer = Buffer.alloc(BYTES_MAX)
    return buffer.toString('utf8', 0, readSync(fd, buffer))
  } finally {
    closeSync(fd)
  }
}

function judge(text: string, self: Addressee, now: number): Intent {
  const intent = parse(text)
  if (!isJsonObject(intent)) return { kind: 'void', because: 'it is not what is written there' }
  const { pid, start, boot, at, reason } = intent
  if (pid !== self.pid || start !== self.start || boot !== self.boot)
    return { kind: 'void', because: 'it is for another process' }
  if (typeof at !== 'number' || at > now + TTL_MS || at < now - TTL_MS)
    return { kind: 'void', because: 'it is too old' }
  return { kind: 'valid', reason: typeof reason === 'string' ? reason.slice(0, REASON_CHARS_MAX) : '' }
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
