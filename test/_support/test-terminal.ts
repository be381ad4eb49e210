// A terminal for tests: keeps what is written, is fed what is typed.

import { PassThrough, Writable } from 'node:stream'
import type { Terminal } from '../../src/cli/deps.ts'

export interface TestTerminal extends Terminal {
  readonly stdin: PassThrough
  out(): string
  err(): string
}

export interface TtyFacts {
  readonly stdin?: boolean
  readonly stdout?: boolean
  readonly stderr?: boolean
}

export function testTerminal(tty: TtyFacts = {}): TestTerminal {
  const written = { out: '', err: '' }
  const stream = (name: 'out' | 'err'): Writable =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += String(chunk)
        done()
      },
    })
  return {
    stdin: new PassThrough(),
    stdout: stream('out'),
    stderr: stream('err'),
    stdinIsTty: tty.stdin ?? false,
    stdoutIsTty: tty.stdout ?? false,
    stderrIsTty: tty.stderr ?? false,
    out: () => written.out,
    err: () => written.err,
  }
}
