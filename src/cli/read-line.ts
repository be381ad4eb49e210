// One line that a person types.

import { createInterface } from 'node:readline'

import type { Terminal } from './deps.ts'

/** One line in cooked mode, so that Ctrl-C stays what it is everywhere else. Undefined at the end of input or on abort. */
export function readLine({ stdin }: Pick<Terminal, 'stdin'>, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined)
    const lines = createInterface({ input: stdin, terminal: false, signal })
    let answer: string | undefined
    lines.once('line', (line) => {
      answer = line
      lines.close()
    })
    lines.once('close', () => {
      stdin.pause()
      resolve(answer)
    })
  })
}
