// The folder a session works in: lists it, and creates or edits one text file in it. Never follows a link, never leaves it.

import { constants } from 'node:fs'
import { lstat, open, readdir, readFile, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path'

export interface Target {
  /** Absolute path without links. */
  readonly path: string
  /** What the file holds; undefined when there is none yet. */
  readonly before: string | undefined
}

const BYTES_MAX = 65_536
const NAMES_MAX = 50

/** Names in the folder, sorted, at most 50; folders end with a slash. */
export async function listNames(cwd: string): Promise<string[]> {
  const entries = await readdir(cwd, { withFileTypes: true })
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
  return names.toSorted().slice(0, NAMES_MAX)
}

/** Where `name` may be written, or why it may not, in words for the user. */
export async function findTarget(cwd: string, name: string): Promise<Target | string> {
  const path = await realPathInside(cwd, name)
  if (path === undefined) return `${name} is not inside this folder, or its folder does not exist`
  const stat = await lstat(path).catch(() => undefined)
  if (stat === undefined) return { path, before: undefined }
  if (!stat.isFile()) return `${name} is not an ordinary file`
  if (stat.size > BYTES_MAX) return `${name} is larger than ${BYTES_MAX} bytes`
  const before = await readFile(path, 'utf8').catch(() => undefined)
  return before === undefined ? `${name} cannot be read` : { path, before }
}

/** Writes when the file is still as `target` says, else says why not. The last step refuses links by itself (O_NOFOLLOW). */
export async function writeTarget(cwd: string, target: Target, text: string): Promise<string | undefined> {
  const now = await findTarget(cwd, target.path)
  if (typeof now === 'string') return now
  if (now.path !== target.path || now.before !== target.before) return 'the file has changed since it was shown'
  const create = target.before === undefined ? constants.O_EXCL | constants.O_CREAT : constants.O_TRUNC
  try {
    await using file = await open(target.path, constants.O_WRONLY | constants.O_NOFOLLOW | create, 0o644)
    await file.writeFile(text)
    return undefined
  } catch (error) {
    return `the file could not be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`
  }
}

/** The folder's links are resolved first; the last part must not be a link, which `lstat` and O_NOFOLLOW see to. */
async function realPathInside(cwd: string, name: string): Promise<string | undefined> {
  if (name.includes('\0')) return undefined
  const root = await realpath(cwd).catch(() => undefined)
  const wanted = isAbsolute(name) ? name : resolve(cwd, name)
  const parent = await realpath(dirname(wanted)).catch(() => undefined)
  if (root === undefined || parent === undefined) return undefined
  const inside = parent === root || parent.startsWith(root.endsWith(sep) ? root : root + sep)
  return inside ? join(parent, basename(wanted)) : undefined
}
