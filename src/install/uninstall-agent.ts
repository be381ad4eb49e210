// Takes an installed agent away: its record first, so that nobody starts it any more, then the files that no other record needs.

import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import type { AgentStore } from './agent-store.ts'

/** False when it was not installed. What runs of it goes on, until it needs a file that is gone. */
export function uninstallAgent(store: AgentStore, agent: string): boolean {
  const removed = store.removeRecord(agent)
  if (removed === undefined) return false
  const needed = new Set([...store.records().values()].flatMap(({ key, olderKeys }) => [key, ...olderKeys]))
  const trash = mkdtempSync(join(store.stagingDir, 'trash-'))
  for (const key of [removed.key, ...removed.olderKeys]) {
    const folder = join(store.packagesDir, key)
    if (!needed.has(key) && existsSync(folder)) renameSync(folder, join(trash, key))
  }
  rmSync(trash, { recursive: true, force: true, maxRetries: 3 })
  return true
}
