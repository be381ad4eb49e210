// Directives that end, stop or silence the process, or start others.

import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { extname, resolve } from 'node:path'

const NASTY = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..', 'nasty')
const FOREVER_MS = 600_000

export const deaths = {
  crash: (turn) => die(turn, () => process.exit(1)),
  exit0: (turn) => die(turn, () => process.exit(0)),
  kill9: (turn) => die(turn, () => process.kill(process.pid, 'SIGKILL')),

  /** stdout is closed, the process stays; deaf from then on. */
  'close-stdout': (turn) => die(turn, () => (closeSync(1), setTimeout(() => {}, FOREVER_MS))),

  /** stdin is closed, the process stays; then it asks for what it cannot be answered any more. */
  'close-stdin': (turn) =>
    die(turn, () => {
      closeSync(0)
      setTimeout(() => {}, FOREVER_MS)
      void turn.call('_example/unknown', {})
    }),

  async sigstop(turn) {
    await turn.wire.raw('')
    process.kill(process.pid, 'SIGSTOP')
  },

  /** @spawn FILE [ARGS]: a program of the nasty folder (or an absolute path), holding our stdout and stderr. */
  async spawn(turn, [file, ...args]) {
    const path = resolve(NASTY, file)
    const [command, ...rest] = { '.mjs': [process.execPath, path], '.sh': ['sh', path] }[extname(path)] ?? [path]
    const child = spawn(command, [...rest, ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
    const failed = await new Promise((done) => {
      child.once('spawn', () => done(undefined))
      child.once('error', (error) => done(error))
    })
    child.unref()
    turn.journal('spawn', { id: turn.id, file, child: child.pid, error: failed?.code })
    await turn.say(failed ? `spawn failed: ${failed.code} ` : `spawned ${child.pid} `)
  },
}

/** Everything said before reaches the pipe first; then nothing more happens in this turn. */
async function die(turn, act) {
  await turn.wire.raw('')
  turn.journal('dying', { id: turn.id })
  act()
  await new Promise(() => {})
}
