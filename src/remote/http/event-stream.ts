// One stream of messages from a remote agent over HTTP. When it is cut it goes on after the last event, if the server numbers its
// events; a stream without numbers cannot be gone on with, because nobody could say what is missing.

import type { IncomingMessage } from 'node:http'

import type { Clock, Timer } from '../../base/clock.ts'
import type { HoldfastError } from '../../base/errors.ts'
import { EventParser } from './event-parser.ts'

export interface EventStreamPorts {
  readonly clock: Clock
  readonly messageBytesMax: number
  /** Opens it after the event `lastId`, or from its beginning. Rejects with what ends the connection, or with a socket's error. */
  open(lastId: string | undefined): Promise<IncomingMessage>
  message(text: string): void
  tooLong(): void
  /** It ended or could not be opened, and cannot be gone on with. `cause`: of the last try. */
  lost(cause: unknown): void
  /** True for an error that another try would not change. */
  isFinal(error: unknown): error is HoldfastError
}

const TRIES_MAX = 5
const PAUSE_MS = 100

/** Modes: open, waiting for another try, closed. */
export class EventStream {
  readonly #ports: EventStreamPorts
  #response: IncomingMessage | undefined
  #retry: Timer | undefined
  #lastId: string | undefined
  #tries = 0
  #isPaused = false
  #isClosed = false

  constructor(ports: EventStreamPorts) {
    this.#ports = ports
    void this.#open()
  }

  pause(): void {
    this.#isPaused = true
    this.#response?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#response?.resume()
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    this.#response?.destroy()
  }

  async #open(): Promise<void> {
    try {
      const response = await this.#ports.open(this.#lastId)
      if (this.#isClosed) return void response.destroy()
      this.#read(response)
    } catch (error) {
      this.#cut(error)
    }
  }

  #read(response: IncomingMessage): void {
    const parser = new EventParser(this.#ports.messageBytesMax)
    this.#response = response
    let failure: unknown
    response.on('data', (bytes: Buffer) => this.#take(parser, bytes))
    response.on('error', (error) => (failure = error))
    response.on('close', () => this.#cut(failure))
    if (this.#isPaused) response.pause()
  }

  #take(parser: EventParser, bytes: Buffer): void {
    if (this.#isClosed) return
    this.#tries = 0
    const events = parser.push(bytes)
    if (events === undefined) {
      this.close()
      return this.#ports.tooLong()
    }
    for (const { id, data } of events) {
      this.#lastId = id ?? this.#lastId
      this.#ports.message(data)
    }
  }

  #cut(cause: unknown): void {
    if (this.#isClosed) return
    this.#response = undefined
    this.#tries += 1
    const { clock, isFinal } = this.#ports
    if (this.#lastId === undefined || this.#tries > TRIES_MAX || isFinal(cause)) {
      this.close()
      return this.#ports.lost(cause)
    }
    const pauseMs = PAUSE_MS * 2 ** (this.#tries - 1)
    this.#retry = clock.at(clock.now() + pauseMs, () => void this.#open())
  }
}
