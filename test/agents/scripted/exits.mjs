// How the agent meets the end of its stdin and SIGTERM: politely unless a flag says otherwise.

import { spawn } from 'node:child_process'

const LIFETIME_MS = 600_000

export function installExits({ term, eof }, journal) {
  process.on('SIGTERM', () => {
    journal('sigterm')
    if (term !== 'ignore') process.exit(143)
  })
  process.stdin.on('end', () => {
    journal('eof')
    if (eof === 'ignore') {
      setTimeout(() => {}, LIFETIME_MS)
      return
    }
    if (eof === 'daemon') startDaemon(journal)
    process.exit(0)
  })
  process.stdout.on('error', () => {}) // the reader is gone; the end of stdin follows
}

/** Born at the end of stdin, in a session of its own. */
function startDaemon(journal) {
  const code = `setTimeout(() => {}, ${LIFETIME_MS})`
  const child = spawn(process.execPath, ['-e', code], { detached: true, stdio: 'ignore' })
  child.unref()
  journal('daemon', { child: child.pid })
}
