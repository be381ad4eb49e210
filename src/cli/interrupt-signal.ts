// Ctrl-C as a signal, for commands whose work can be given up.

import type { CliDeps } from './deps.ts'

export interface InterruptSignal extends Disposable {
  readonly signal: AbortSignal
}

/** While it is not disposed, Ctrl-C aborts instead of ending the process. */
export function interruptSignal({ onInterrupt }: Pick<CliDeps, 'onInterrupt'>): InterruptSignal {
  const abort = new AbortController()
  const listening = onInterrupt(() => abort.abort())
  return { signal: abort.signal, [Symbol.dispose]: () => listening[Symbol.dispose]() }
}
