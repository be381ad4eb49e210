// What the nasty programs share: where they tell about themselves, how they start a lingering child, when they end.
// Plain Node, no dependencies. Arguments: --log=FILE (one line per process: pid, start ticks, role) and the program's own.

import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const log = process.argv.find((arg) => arg.startsWith('--log='))?.slice('--log='.length) ?? '/dev/null'
export const linger = fileURLToPath(new URL('linger.sh', import.meta.url))

export function hasFlag(name) {
  return process.argv.includes(`--${name}`)
}

export function tell(role) {
  const stat = readFileSync(`/proc/${process.pid}/stat`, 'latin1')
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  appendFileSync(log, `${process.pid} ${startTicks} ${role}\n`)
}

/** A child that lingers; `options` as for spawn. */
export function startLingering(role, options = {}) {
  return spawn('/bin/sh', [linger, log, role], { stdio: 'ignore', ...options })
}

/** Runs a line of shell; its $1, $2, $3 are linger.sh, the log and the role. */
export function runShell(script, role, options = {}) {
  return spawn('/bin/sh', ['-c', script, 'sh', linger, log, role], { stdio: 'ignore', ...options })
}

/** The polite part: ends when its input ends. */
export function exitAtEof(code = 0) {
  process.stdin.resume()
  process.stdin.once('end', () => process.exit(code))
}

/** Never ends by itself. */
export function stay() {
  setInterval(() => {}, 60_000)
}
