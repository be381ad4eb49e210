// Where log lines go: one write at a time to a file descriptor, a bounded buffer before it, nothing on the event loop.
// Never throws and never retries an error: a full disk or a closed pipe costs log lines, not the process (pino's own
// destination waits for ever at exit when its last write fails).

import { write } from 'node:fs'

import { deadline, ignore } from '../base/deadline.ts'

export interface LineSink {
  /** Takes a line with its newline; drops it when the buffer is full or the sink is closed. */
  write(line: string): void
  /** Resolves when all lines so far are written or dropped, or after `msMax`. Never rejects. */
  flush(msMax: number): Promise<void>
  /** Lines dropped so far, for whatever reason. */
  dropped(): number
}

/** Writes to `fd`, which the caller keeps open; at most `charsMax` characters wait. */
export function createLineSink(fd: number, charsMax: number): LineSink {
  let waiting: string[] = []
  let waitingChars = 0
  let writing = false
  let dropped = 0
  let onIdle: (() => void)[] = []

  const writeLine = (line: string): void => {
    if (waitingChars + line.length > charsMax) return void dropped++
    waiting.push(line)
    waitingChars += line.length
    if (!writing) writeNext()
  }
  const writeNext = (): void => {
    if (waiting.length === 0) return becomeIdle()
    const lines = waiting
    waiting = []
    writing = true
    writeAll(fd, Buffer.from(lines.join('')), (ok) => {
      if (!ok) dropped += lines.length
      // Counted until now, so that the bound holds for what is in flight too.
      waitingChars -= lines.reduce((sum, line) => sum + line.length, 0)
      writeNext()
    })
  }
  const becomeIdle = (): void => {
    writing = false
    const waiters = onIdle
    onIdle = []
    for (const waiter of waiters) waiter()
  }
  const flush = (msMax: number): Promise<void> => {
    if (!writing) return Promise.resolve()
    const idle = new Promise<void>((resolve) => onIdle.push(resolve))
    return deadline(idle, { ms: msMax, stage: 'flush the log' }).catch(
      ignore('a stuck reader of the log holds up nobody'),
    )
  }
  return { write: writeLine, flush, dropped: () => dropped }
}

function writeAll(fd: number, bytes: Buffer, done: (ok: boolean) => void): void {
  write(fd, bytes, (error, written) => {
    if (error) return done(false)
    if (written >= bytes.length) return done(true)
    writeAll(fd, bytes.subarray(written), done)
  })
}
