// Logins: with `--login=FILE` the agent needs one until FILE is there. It looks once, when it starts, as agents do. `--log-in` is the
// login in a terminal: writes FILE and ends, unless the variable LOGIN_ENDS says `fail` or `hang`.

import { existsSync, rmSync, writeFileSync } from 'node:fs'

import { Refusal } from './refusal.mjs'

/** Ends the process when it was started to log in. */
export function runTerminalLogin(flags) {
  if (!flags['log-in']) return
  process.stdout.write(
    `logging in on ${process.stdin.isTTY ? 'a terminal' : 'no terminal'}, word ${process.env.LOGIN_WORD}\n`,
  )
  if (process.env.LOGIN_ENDS === 'fail') process.exit(3)
  if (process.env.LOGIN_ENDS === 'hang') {
    setInterval(() => {}, 1_000)
    return
  }
  writeFileSync(flags.login, 'terminal')
  process.exit(0)
}

export class Login {
  #file
  #isThere

  constructor({ login }) {
    this.#file = login
    this.#isThere = login === undefined || existsSync(login)
  }

  /** `-32000` as long as there was none when the process started, and none since. */
  require() {
    if (!this.#isThere) throw new Refusal(-32000, 'Please log in first')
  }

  methods({ auth } = {}) {
    if (this.#file === undefined) return []
    const env = { LOGIN_WORD: 'swordfish' }
    const terminal = { id: 'tty', name: 'In a terminal', type: 'terminal', args: ['--log-in'], env }
    return [
      { id: 'browser', name: 'With a browser', description: 'opens a page' },
      ...(auth?.terminal === true ? [terminal] : []),
      { id: 'key', name: 'With a key', type: 'env_var', vars: [{ name: 'SCRIPTED_KEY' }] },
    ]
  }

  authenticate(methodId) {
    if (this.#file === undefined || methodId !== 'browser') throw new Refusal(-32602, `no login method ${methodId}`)
    process.stderr.write('open https://example.test/device?code=ABCD-1234 and type ABCD-1234\n')
    writeFileSync(this.#file, 'browser')
    this.#isThere = true
    return {}
  }

  logOut() {
    rmSync(this.#file, { force: true })
    this.#isThere = false
    return {}
  }
}
