// Whether a request carries the token: `Authorization: Bearer`, whole, once. Compared as digests in constant time.

import { createHash, timingSafeEqual } from 'node:crypto'

const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]{1,1024})$/

/** The token of the header; undefined for another scheme, an empty or a malformed one. */
export function bearerToken(header: string | undefined): string | undefined {
  return header === undefined ? undefined : BEARER.exec(header)?.[1]
}

export function isToken(token: string, digest: Uint8Array | undefined): boolean {
  if (digest === undefined) return false
  const given = createHash('sha256').update(token).digest()
  return given.length === digest.length && timingSafeEqual(given, digest)
}
