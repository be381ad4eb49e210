// Whether this process belongs to a terminal: then somebody sits before it, and its end is theirs to decide.

import { closeSync, openSync } from 'node:fs'

/** True while there is a controlling terminal. Opening it is the only question that every Unix answers. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
