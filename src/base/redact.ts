// Takes out of a text of somebody else what looks like a credential, before it is kept or shown. Goes by shape: it finds the usual
// ones, and no text is proved to have none. Linear in the length of the text.

import { isJsonObject } from './json.ts'
import type { Json } from './json.ts'

export const REDACTED = '[redacted]'

/** Keys of known makers, tokens that are signed, and private keys: recognised by themselves. */
const SHAPES: readonly RegExp[] = [
  /\b(?:sk|pk|rk)-[\w-]{8,}/g,
  /\b(?:sk|rk)_(?:live|test)_\w{8,}/g,
  /\b(?:gh[oprsu]_|github_pat_|glpat-|npm_|hf_|gsk_|xai-|dop_v1_)[\w-]{8,}/g,
  /\bxox[a-z]-[\w-]{8,}/g,
  /\b(?:AKIA|ASIA)[0-9A-Z]{12,}/g,
  /\bAIza[\w-]{20,}/g,
  /\bya29\.[\w-]{8,}/g,
  /\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g,
]

/** `Bearer …`, also without a header before it; not the plain words that follow it in a sentence. */
const BEARER = /\b(bearer)\s+(?!auth|token|cred)[\w.~+/=-]{6,}/gi
/** A header with its scheme. */
const HEADER = /\b((?:proxy-)?authorization\\?["']?\s*[:=]\s*\\?["']?)(?:\w+\s+)?[^\s"'\\,;]{4,}/gi
/** User and password in an address. */
const IN_ADDRESS = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@"'\\]{1,512}@/gi
const NAMED =
  /((?:api[_-]?key|(?:access|secret|private)[_-]?key|[a-z_-]{0,32}token|secret|passw(?:or)?d|passphrase|credential|cookie|_KEY)\\?["']?\s*[:=]\s*\\?["']?)(?!\[redacted)([^\s"'\\,;&}\]]{4,})/gi
/** Of a query: names that mean nothing elsewhere. */
const IN_QUERY = /([?&](?:key|code|sig|signature|auth|state|user_code)=)[^\s&#"'\\]{4,}/gi

/** The same text, with `[redacted]` in the place of what looks like a credential. */
export function redactSecrets(text: string): string {
  let clean = text
  for (const shape of SHAPES) clean = clean.replace(shape, REDACTED)
  return clean
    .replace(HEADER, `$1${REDACTED}`)
    .replace(BEARER, `$1 ${REDACTED}`)
    .replace(IN_ADDRESS, `$1${REDACTED}@`)
    .replace(IN_QUERY, `$1${REDACTED}`)
    .replace(NAMED, (all: string, name: string, value: string) => (isCount(value) ? all : `${name}${REDACTED}`))
}

/** `tokens: 1200` is no secret. */
function isCount(value: string): boolean {
  return /^\d{1,9}\.?$/.test(value)
}

const SECRET_NAME = /^(?:.*(?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|_key)|authorization|cookie)$/i
const DEPTH_MAX = 32

/** As `redactSecrets`, of every text in a value; a text under a name that means a credential goes as a whole. */
export function redactJson(value: Json, depth = 0): Json {
  if (typeof value === 'string') return redactSecrets(value)
  if (depth > DEPTH_MAX) return REDACTED
  if (Array.isArray(value)) return value.map((item) => redactJson(item, depth + 1))
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(([name, item]): [string, Json] => [
    name,
    typeof item === 'string' && SECRET_NAME.test(name) ? REDACTED : redactJson(item ?? null, depth + 1),
  ])
  return Object.fromEntries(entries)
}
