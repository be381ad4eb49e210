// Directives that tell what the process was given.

import { readdirSync, readlinkSync } from 'node:fs'

export const calls = {
  /** The environment as JSON. */
  env: (turn) => turn.say(JSON.stringify(process.env)),

  /** Open descriptors as JSON: number -> target. Linux. */
  fds(turn) {
    const targets = readdirSync('/proc/self/fd').map((fd) => [fd, target(fd)])
    return turn.say(JSON.stringify(Object.fromEntries(targets.filter(([, to]) => to !== undefined))))
  },

  cwd: (turn) => turn.say(JSON.stringify({ process: process.cwd(), session: turn.session.cwd })),
}

function target(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined // the descriptor of the listing itself
  }
}
