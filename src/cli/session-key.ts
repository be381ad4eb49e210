// The key of the session that a directory and an agent share when the caller names none.

import { createHash } from 'node:crypto'
import path from 'node:path'

/** Stable for (agent, cwd); readable first, unique by the digest of both. */
export function defaultSessionKey(agent: string, cwd: string): string {
  const digest = createHash('sha256').update(`${agent}\0${cwd}`).digest('hex').slice(0, 12)
  const name = path
    .basename(cwd)
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 40)
  return `${agent}.${name === '' ? 'root' : name}.${digest}`
}
