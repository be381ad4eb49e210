// Paths that a request names, compared as text: nothing here touches the file system, so a symbolic link is not seen.
// What could mean another place than it says is no plain path, and nothing is ever allowed because of it.

import path from 'node:path'

const CHARS_MAX = 4_096
/** Control, format (bidirectional, zero width), private and unassigned characters, and half surrogates. */
const UNSEEN = /\p{C}/u

/**
 * The segments of `text` below the absolute directory `cwd`; undefined when it is not plainly inside: another place, one that
 * climbs (`..` behind a link is elsewhere), a home, a URL, a backslash, characters that cannot be seen or have two spellings.
 */
export function segmentsInside(text: string, cwd: string): readonly string[] | undefined {
  if (!isPlainPath(text)) return undefined
  const base = segmentsOf(cwd)
  const own = segmentsOf(text)
  if (own.includes('..')) return undefined
  if (!text.startsWith('/')) return own
  const isBelow = base.every((segment, i) => own[i] === segment)
  return isBelow ? own.slice(base.length) : undefined
}

/** Every place that `text` may mean, absolute and as little particular about spelling as any file system: for rules that refuse. */
export function placesOf(text: string, cwd: string): readonly string[] {
  if (text === '' || text.length > CHARS_MAX || text.includes('\0')) return []
  const local = text.replace(/^file:\/\//i, '').replaceAll('\\', '/')
  return [folded(path.posix.resolve(cwd, local))]
}

/** One spelling for all that some file system takes for the same name. */
export function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

export function segmentsOf(text: string): string[] {
  return text.split('/').filter((segment) => segment !== '' && segment !== '.')
}

function isPlainPath(text: string): boolean {
  if (text === '' || text.length > CHARS_MAX || text.trim() !== text) return false
  if (text.startsWith('~') || text.includes('\\') || /^[a-z][a-z0-9+.-]*:/i.test(text)) return false
  return !UNSEEN.test(text) && text.normalize('NFKC') === text
}
