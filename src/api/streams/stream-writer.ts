// Writes one event stream to one client. Pulls the next batch only when the socket has taken the last one, so that a slow client
// costs no memory; one that takes nothing for too long is cut and comes back with its cursor.

import type { ServerResponse } from 'node:http'

import { isHoldfastError } from '../../base/errors.ts'
import type { StreamEnd } from '../../wire/event.ts'
import { endFrame } from './event-frames.ts'

/** What a stream hands out, as frames. */
export interface Frames<Batch> {
  of(batch: Batch): Buffer
  /** The cursor of a reader that has the batch; undefined where there are no cursors. */
  placeOf(batch: Batch): number | undefined
  /** Why nothing comes after this batch; undefined: more may come. */
  endOf(batch: Batch): StreamEnd['reason'] | undefined
}

export interface StreamPosition {
  /** The last `seq` that was written; undefined before the first batch, and where there are no cursors. */
  readonly place: number | undefined
  /** For how long the socket has taken nothing. */
  readonly stalledMs: number
  readonly bufferedBytes: number
}

export interface Source<Batch> extends AsyncIterable<Batch>, Disposable {
  /** Ends by itself when everything so far was handed out. */
  finish(): void
}

const SLICE_BYTES = 64 * 1024
/** Never reached while slices wait for the socket; the bound of last resort. */
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024

export class StreamWriter<Batch> {
  readonly #response: ServerResponse
  readonly #stream: Source<Batch>
  readonly #stallMs: number
  #place: number | undefined
  /** Epoch ms since when the socket takes nothing. */
  #fullSince: number | undefined
  /** Frames that are not of the stream and wait for the end of what is being written. */
  #told = ''
  #isWriting = false
  #endReason: StreamEnd['reason'] | undefined

  constructor(response: ServerResponse, stream: Source<Batch>, stallMs: number) {
    this.#response = response
    this.#stream = stream
    this.#stallMs = stallMs
    response.once('close', () => stream[Symbol.dispose]())
  }

  /** Resolves when the stream has ended, for whatever reason. `hello` is the first frame. */
  async run(hello: string, frames: Frames<Batch>): Promise<void> {
    try {
      await this.#write(Buffer.from(hello))
      for await (const batch of this.#stream) {
        await this.#write(frames.of(batch))
        this.#place = frames.placeOf(batch)
        const reason = frames.endOf(batch)
        if (reason !== undefined) this.end(reason)
      }
      if (this.#endReason !== undefined) this.#response.end(endFrame({ reason: this.#endReason }))
      else this.#response.destroy()
    } catch (error) {
      // What is before the damage reaches the reader, who then comes back with its cursor and is told.
      if (isHoldfastError(error) && error.code === 'SESSION_DAMAGED') this.#response.end()
      else this.#response.destroy()
      if (!(error instanceof ReaderGone)) throw error
    } finally {
      this.#stream[Symbol.dispose]()
    }
  }

  /** Ends with a last frame after what is being written. The first reason counts. */
  end(reason: StreamEnd['reason']): void {
    this.#endReason ??= reason
    this.#stream[Symbol.dispose]()
  }

  /** Ends with a last frame after everything that the stream has by now. The first reason counts. */
  finish(reason: StreamEnd['reason']): void {
    this.#endReason ??= reason
    this.#stream.finish()
  }

  /** Adds a frame that is not of the stream, after what is being written. */
  tell(frame: string): void {
    if (this.#isWriting) this.#told += frame
    else if (this.#response.writable) this.#response.write(frame)
  }

  /** How far the reader is, as far as the socket has taken it. */
  describe(): StreamPosition {
    const { writableLength: bufferedBytes } = this.#response
    const stalledMs = this.#fullSince === undefined ? 0 : Date.now() - this.#fullSince
    return { place: this.#place, stalledMs, bufferedBytes }
  }

  /** A comment that keeps proxies and clients patient; left out while the socket is full. */
  beat(): void {
    if (!this.#response.writableNeedDrain && this.#response.writable) this.#response.write(': \n\n')
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#isWriting = true
    try {
      await this.#writeSlices(bytes)
      while (this.#told !== '') {
        const told = Buffer.from(this.#told)
        this.#told = ''
        await this.#writeSlices(told)
      }
    } finally {
      this.#isWriting = false
    }
  }

  async #writeSlices(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      if (this.#response.destroyed || this.#response.writableLength > BUFFERED_BYTES_MAX) throw new ReaderGone()
      if (!this.#response.write(bytes.subarray(at, at + SLICE_BYTES))) await this.#drained()
    }
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const response = this.#response
      this.#fullSince = Date.now()
      const settle = (finish: () => void) => (): void => {
        this.#fullSince = undefined
        clearTimeout(timer)
        response.off('drain', onDrain).off('close', onClose)
        finish()
      }
      const onDrain = settle(resolve)
      const onClose = settle(() => reject(new ReaderGone()))
      const timer = setTimeout(onClose, this.#stallMs)
      response.once('drain', onDrain).once('close', onClose)
    })
  }
}

/** The client left, or takes nothing. Not a failure of ours. */
class ReaderGone extends Error {}
