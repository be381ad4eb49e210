// One output stream: keeps order, waits while the reader is slow, and says when nobody reads any more. Bounded by `drained`.

import type { Writable } from 'node:stream'

export class Sink {
  readonly #stream: Writable
  readonly #closed = new AbortController()

  constructor(stream: Writable) {
    this.#stream = stream
    stream.on('error', () => this.#closed.abort())
    stream.on('close', () => this.#closed.abort())
  }

  /** Aborts when the reader is gone (a closed pipe); later writes are dropped. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  write(text: string): void {
    if (text !== '' && !this.#closed.signal.aborted) this.#stream.write(text)
  }

  /** Resolves when the stream takes more, or will never again. */
  drained(): Promise<void> {
    if (!this.#stream.writableNeedDrain || this.#closed.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off('drain', done)
        this.#closed.signal.removeEventListener('abort', done)
        resolve()
      }
      this.#stream.on('drain', done)
      this.#closed.signal.addEventListener('abort', done)
    })
  }

  /** Resolves when everything written has left the process, or cannot. */
  flushed(): Promise<void> {
    if (this.#closed.signal.aborted || this.#stream.writableLength === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#closed.signal.addEventListener('abort', () => resolve(), { once: true })
      this.#stream.write('', () => resolve())
    })
  }
}
