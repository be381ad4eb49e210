// What a caller may call a session. A key is trimmed, keeps its spelling, and is compared without regard to case (the store does).

import { HoldfastError } from '../../base/errors.ts'

export const KEY_CHARS_MAX = 200

const KEY = /^[A-Za-z0-9][A-Za-z0-9._:@-]*$/
/** Ids of our own things: a key that looks like one would hide it. */
const ID_LIKE = /^(?:ses|turn|perm|task|req)_/i
/** Words that stand for something else in paths, filters and what people write. */
const RESERVED = new Set(['all', 'any', 'none', 'new', 'self', 'parent', 'global', 'unknown', 'null', 'undefined'])

/** The key without the spaces around it. SESSION_KEY_INVALID with the reason. */
export function checkKey(text: string): string {
  const key = text.trim()
  const reason = problemOf(key)
  if (reason !== undefined) throw new HoldfastError('SESSION_KEY_INVALID', { key: key.slice(0, KEY_CHARS_MAX), reason })
  return key
}

function problemOf(key: string): string | undefined {
  if (key === '') return 'it is empty'
  if (key.length > KEY_CHARS_MAX) return `it has more than ${KEY_CHARS_MAX} characters`
  if (ID_LIKE.test(key)) return 'it looks like an id'
  if (!KEY.test(key)) return 'it has other characters than letters, digits and . _ : @ -, or begins with one of these'
  return RESERVED.has(key.toLowerCase()) ? 'it is a reserved word' : undefined
}
