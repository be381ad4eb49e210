// stdout of one child as whole lines of bytes: read, framed, paused and resumed, drained at the exit.
// Owns the stream until it ends or is destroyed. Keeps nothing but an unfinished line; never looks into one.

import type { Readable } from 'node:stream'

import { LineFramer, type FramedLines } from '../base/line-framer.ts'

export interface FramedOutputListener {
  onLines(lines: FramedLines): void
  /** Nothing comes any more: the stream ended, or a line passed its bound. Called once, after the last lines. */
  onEnd(why: 'end' | 'tooLong'): void
}

/** What a child writes, read by whoever holds it. */
export interface ChildOutput {
  pause(): void
  resume(): void
  /**
   * To be called at the exit: reads what is still in the pipes, for at most 250 ms and some MiB, because somebody else may hold
   * their other ends; then they are destroyed. Resolves when nothing will come any more.
   */
  drain(): Promise<void>
}

/** What a pipe can still hold when its writer has exited, with room to spare. */
const DRAIN_BYTES_MAX = 8 * 1024 * 1024
const DRAIN_MS_MAX = 250

/** Modes: reading, paused, draining (the child exited: pausing no longer counts), ended. */
export class FramedOutput implements ChildOutput {
  readonly #stdout: Readable
  readonly #framer: LineFramer
  readonly #listener: FramedOutputListener
  #drainedBytes: number | undefined
  #hasEnded = false

  constructor(stdout: Readable, lineBytesMax: number, listener: FramedOutputListener) {
    this.#stdout = stdout
    this.#framer = new LineFramer(lineBytesMax)
    this.#listener = listener
    stdout.on('data', (chunk: Buffer) => this.#take(chunk))
    stdout.once('close', () => this.#end())
    stdout.once('end', () => this.#end())
  }

  pause(): void {
    if (this.#drainedBytes === undefined && !this.#hasEnded) this.#stdout.pause()
  }

  resume(): void {
    if (!this.#hasEnded && this.#stdout.isPaused()) this.#stdout.resume()
  }

  drain(): Promise<void> {
    this.#drainedBytes ??= 0
    if (this.#hasEnded) {
      this.#stdout.destroy()
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#stdout.destroy(), DRAIN_MS_MAX)
      this.#stdout.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      this.#stdout.resume()
    })
  }

  #take(chunk: Buffer): void {
    if (this.#hasEnded) return
    const lines = this.#framer.push(chunk)
    if (lines !== undefined) this.#listener.onLines(lines)
    if (this.#framer.isTooLong) return this.#refuse()
    if (this.#drainedBytes === undefined) return
    this.#drainedBytes += chunk.length
    if (this.#drainedBytes > DRAIN_BYTES_MAX) this.#stdout.destroy()
  }

  /** The rest of the stream has no meaning; reading it would only cost. The owner stops the process. */
  #refuse(): void {
    this.#hasEnded = true
    this.#stdout.pause()
    this.#listener.onEnd('tooLong')
  }

  #end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const last = this.#framer.end()
    if (last !== undefined) this.#listener.onLines(last)
    this.#listener.onEnd('end')
  }
}
