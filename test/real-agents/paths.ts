// Where the real agents are installed, and what keeps them from running on this machine.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const AGENTS_DIR = import.meta.dirname
export const MODULES_DIR = join(AGENTS_DIR, 'node_modules')

/** A PATH in which `node` is the Node that runs this: some agents need a newer Node than the system's. */
export function agentPath(): string {
  return [dirname(process.execPath), join(MODULES_DIR, '.bin'), '/usr/local/bin', '/usr/bin', '/bin'].join(':')
}

/** A file of an installed package. */
export function packageFile(...parts: string[]): string {
  return join(MODULES_DIR, ...parts)
}

export function missingFile(file: string): string | undefined {
  return existsSync(file) ? undefined : `${file} is not installed`
}
