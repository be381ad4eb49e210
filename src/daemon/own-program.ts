// How this program starts itself: the argv of another gateway.

import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../bin/holdfast.cjs', import.meta.url))

/**
 * Node opens a debugger when SIGUSR1 comes before anybody listens to it, in the first milliseconds of a start. At an address that no machine
 * has (RFC 5737) it cannot. Not `--disable-sigusr1`: that blocks the signal for ever, also for who listens to it.
 */
const NO_DEBUGGER = '--inspect-port=192.0.2.1:1024'

/** `words`: command and flags, without node and script. */
export function ownCommand(words: readonly string[]): [string, ...string[]] {
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--inspect'))
  return [process.execPath, ...flags, NO_DEBUGGER, LAUNCHER, ...words]
}
