// The terminal of this process. stdin is touched only when it is read: opening it costs time and can hold a process.

import { isatty } from 'node:tty'

import type { Terminal } from './deps.ts'

export function systemTerminal(): Terminal {
  return {
    get stdin() {
      return process.stdin
    },
    get stdout() {
      return process.stdout
    },
    get stderr() {
      return process.stderr
    },
    stdinIsTty: isatty(0),
    stdoutIsTty: isatty(1),
    stderrIsTty: isatty(2),
  }
}
