// Directories that nobody else may look into: made with mode 0700, refused when they are not ours alone, never repaired.

import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

import { HoldfastError } from './errors.ts'

/** Makes the directory (and its parents) when it is missing. STATE_DIR_UNSAFE for a link, another owner or a wider mode. */
export function ensurePrivateDirectory(path: string): void {
  try {
    makeDirectory(path)
  } catch (cause) {
    const reason = `it cannot be made (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`
    throw new HoldfastError('STATE_DIR_UNSAFE', { path, reason }, { cause })
  }
  const stat = lstatSync(path)
  const refuse = (reason: string): never => {
    throw new HoldfastError('STATE_DIR_UNSAFE', { path, reason })
  }
  if (!stat.isDirectory()) refuse('it is not a directory itself')
  if (process.getuid !== undefined && stat.uid !== process.getuid()) refuse('another user owns it')
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) refuse(`its mode is ${modeText(stat.mode)}`)
}

/** Such as `0755`. */
export function modeText(mode: number): string {
  return `0${(mode & 0o777).toString(8).padStart(3, '0')}`
}

/** Not mkdir's `recursive`: it never returns where the kernel says ENOENT for a name in a directory that exists (/proc). */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  try {
    mkdirSync(path, 0o700)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
