// Where agents may work: real directories inside the configured roots, never the root of the file system nor our own state.

import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'

import { HoldfastError } from '../../base/errors.ts'

export interface CwdRules {
  /** Absolute; empty = every directory that is not forbidden. */
  readonly roots: readonly string[]
  readonly forbidden: readonly string[]
}

/** The real path of `cwd`. CWD_NOT_ABSOLUTE, CWD_NOT_FOUND, CWD_NOT_ALLOWED (reliability 7.1). */
export async function checkCwd(cwd: string, rules: CwdRules): Promise<string> {
  if (!isAbsolute(cwd) || cwd.includes('\0')) throw new HoldfastError('CWD_NOT_ABSOLUTE', { cwd })
  const real = await realDirectory(cwd)
  if (real === undefined) throw new HoldfastError('CWD_NOT_FOUND', { cwd })
  const roots = await Promise.all(rules.roots.map((root) => realDirectory(root)))
  const isInRoots = roots.length === 0 || roots.some((root) => root !== undefined && isInside(real, root))
  const forbidden = await Promise.all(rules.forbidden.map((path) => realDirectory(path)))
  const isForbidden = real === resolve('/') || forbidden.some((path) => path !== undefined && isInside(real, path))
  if (!isInRoots || isForbidden) throw new HoldfastError('CWD_NOT_ALLOWED', { cwd })
  return real
}

async function realDirectory(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path)
    return (await stat(real)).isDirectory() ? real : undefined
  } catch {
    return undefined
  }
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path)
  return way === '' || (!way.startsWith('..') && !isAbsolute(way))
}
