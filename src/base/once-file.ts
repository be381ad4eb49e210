// A file that one process leaves for another: for its user alone, read at most once, gone then. For what must not stand on a
// command line or in an environment.

import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

import { HoldfastError } from './errors.ts'

/** Fails with the system's error when there is one already. */
export function leaveOnceFile(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
}

/** True when nobody has read it yet; then nobody will. */
export function takeBackOnceFile(path: string): boolean {
  try {
    rmSync(path)
    return true
  } catch {
    return false
  }
}

/** Reads and removes it. STATE_DIR_UNSAFE for a file that others could have written; the system's error for none, and for a link. */
export function takeOnceFile(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { uid, mode } = fstatSync(fd)
    const isOurs = process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0)
    if (!isOurs) throw new HoldfastError('STATE_DIR_UNSAFE', { path, reason: 'others can write this file' })
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
    takeBackOnceFile(path)
  }
}
