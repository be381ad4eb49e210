// Directives that tell what the process was given, or ask the client for files.

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

  /** @fsread PATH */
  async fsread(turn, [path]) {
    const { result, error } = await turn.call('fs/read_text_file', { path })
    turn.journal('fsread', { id: turn.id, path, error: error?.code })
    await turn.say(
      error ? `fsread error ${error.code}: ${error.message} ` : `fsread: ${result.content.slice(0, 1000)} `,
    )
  },

  /** @fswrite PATH TEXT */
  async fswrite(turn, [path, ...words]) {
    const { error } = await turn.call('fs/write_text_file', { path, content: words.join(' ') })
    turn.journal('fswrite', { id: turn.id, path, error: error?.code })
    await turn.say(error ? `fswrite error ${error.code}: ${error.message} ` : 'fswrite: done ')
  },
}

function target(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined // the descriptor of the listing itself
  }
}
