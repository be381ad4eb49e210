// stdout and stderr of one child as one stream of raw bytes, in the order in which they were read: what a terminal shows.
// Owns both streams until they end or are destroyed. Keeps nothing; never looks at a byte.

import type { Readable } from 'node:stream'

import type { ChildOutput } from './framed-output.ts'

/** What both pipes can still hold when their writers have exited, with room to spare. */
const DRAIN_BYTES_MAX = 2 * 1024 * 1024
const DRAIN_MS_MAX = 250

/** Modes: reading, paused, draining (the child exited: pausing no longer counts), ended. */
export class MergedOutput implements ChildOutput {
  readonly #streams: readonly Readable[]
  readonly #onBytes: (bytes: Buffer) => void
  #drainedBytes: number | undefined

  /** `onBytes` is never called with nothing. */
  constructor(streams: readonly Readable[], onBytes: (bytes: Buffer) => void) {
    this.#streams = streams
    this.#onBytes = onBytes
    for (const stream of streams) stream.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  pause(): void {
    if (this.#drainedBytes === undefined) for (const stream of this.#streams) stream.pause()
  }

  resume(): void {
    for (const stream of this.#streams) if (stream.isPaused()) stream.resume()
  }

  async drain(): Promise<void> {
    this.#drainedBytes ??= 0
    const timer = setTimeout(() => this.#destroy(), DRAIN_MS_MAX)
    await Promise.all(this.#streams.map(closed))
    clearTimeout(timer)
  }

  #take(chunk: Buffer): void {
    this.#onBytes(chunk)
    if (this.#drainedBytes === undefined) return
    this.#drainedBytes += chunk.length
    if (this.#drainedBytes > DRAIN_BYTES_MAX) this.#destroy()
  }

  #destroy(): void {
    for (const stream of this.#streams) stream.destroy()
  }
}

function closed(stream: Readable): Promise<void> {
  if (stream.closed) return Promise.resolve()
  return new Promise((resolve) => {
    stream.once('close', resolve)
    stream.resume()
  })
}
