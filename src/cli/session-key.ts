// The key of the session that a directory and an agent share when the caller names none.

import { createHash } from 'node:crypto'
import path from 'node:path'

/** Stable for (agent, cwd); readable first, unique by the digest of both. Fits the rule for keys (wire/session.ts). */
export function defaultSessionKey(agent: string, cwd: string): string {
  const digest = createHash('sha256').update(`${agent}\0${cwd}`).digest('hex').slice(0, 16)
  const directory = path.basename(cwd) || 'root'
  return ['cwd', cleaned(directory), cleaned(agent), digest].join('.')
}

function cleaned(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 40)
}
