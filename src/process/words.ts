// One word a line over a pipe between two processes of ours that start and leave each other.

import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** Calls `listener` with each line of `input`, and with undefined when it has ended or broke. Disposing it only stops listening. */
export function onWords(input: Readable, listener: (word: string | undefined) => void): Disposable {
  let isOpen = true
  const end = (): void => {
    if (!isOpen) return
    isOpen = false
    listener(undefined)
  }
  const lines = createInterface({ input, crlfDelay: Infinity })
  lines.on('line', (line) => isOpen && listener(line.trim())).on('close', end)
  input.on('error', end)
  return {
    [Symbol.dispose]: () => {
      isOpen = false
      lines.close()
    },
  }
}
