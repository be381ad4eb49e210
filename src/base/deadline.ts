// Bounded waiting: every await on an agent, a child, a client or a disk goes through here and names its stage.
// Owns the timer and the abort listener of one wait; never cancels the work itself (the caller passes it a signal).

import { CancelledError, DeadlineError } from './errors.ts'

export interface DeadlineOptions {
  ms: number
  stage: string
  signal?: AbortSignal
}

/** Settles as `work` does, or rejects with DEADLINE after `ms`, or with CANCELLED when `signal` aborts. */
export function deadline<T>(work: Promise<T>, { ms, stage, signal }: DeadlineOptions): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => settle(() => reject(new CancelledError(stage)))
    const timer = setTimeout(() => settle(() => reject(new DeadlineError(stage, ms))), ms)
    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      finish()
    }
    // First of all: work that nobody waits for any more may fail, too, and that is nobody's rejection.
    work.then(
      (value) => settle(() => resolve(value)),
      (error: Error) => settle(() => reject(error)),
    )
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Resolves after `ms`; rejects with CANCELLED when `signal` aborts. For bounded polling only, never for correctness. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new CancelledError('pause'))
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(new CancelledError('pause'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Resolves when `signal` aborts, at once if it has. For waits that end with the process: the listener is never removed. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Settles as the first of `waits` does; the others are left to their own bounds. */
export function firstOf<T>(waits: readonly Promise<T>[]): Promise<T> {
  return Promise.race(waits)
}

/** Marks a rejection as looked at and harmless; the reason is for the reader. */
export function ignore(_reason: string): () => void {
  return () => {}
}
