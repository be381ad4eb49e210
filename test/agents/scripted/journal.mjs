// The journal: one JSON line per fact, appended at once, so that it survives any death of the agent.

import { appendFileSync } from 'node:fs'

/** `journal(kind, facts)`; several processes may share one file. Without a file it does nothing. */
export function openJournal(file) {
  return (kind, facts = {}) => {
    if (!file) return
    appendFileSync(file, `${JSON.stringify({ at: Date.now(), pid: process.pid, kind, ...facts })}\n`)
  }
}
