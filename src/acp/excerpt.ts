// A short, printable piece of untrusted text for warnings, without what looks like a credential. Never keeps the long text alive.

import { redactSecrets } from '../base/redact.ts'

const EXCERPT_CHARS_MAX = 200
/** What is looked at for credentials: one that begins within the excerpt is seen as a whole. */
const LOOKED_AT_CHARS = 1_200
// Not escaped by JSON: C1 controls, line separators, marks that turn or hide text.
const INVISIBLE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** At most 200 characters; control characters, line separators and lone surrogates become escapes. */
export function excerptOf(text: string): string {
  const clean = redactSecrets(text.slice(0, LOOKED_AT_CHARS))
  // Encoding also copies: a slice would pin the whole line it was cut from.
  const visible = JSON.stringify(clean.slice(0, EXCERPT_CHARS_MAX))
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replace(INVISIBLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  if (clean.length <= EXCERPT_CHARS_MAX && visible.length <= EXCERPT_CHARS_MAX) return visible
  return `${visible.slice(0, EXCERPT_CHARS_MAX - 1).toWellFormed()}\u2026`
}
