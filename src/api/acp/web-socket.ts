// One editor on a WebSocket: one message of ACP is one text frame. Bounds what waits for a slow editor, and notices one that is gone.

import type { Duplex } from 'node:stream'

import type { WebSocket } from 'ws'

import type { CloseReason, EditorTransport } from '../../facade/ports.ts'

export interface SocketLimits {
  /** An editor that takes nothing for so long, while something waits for it, is cut. */
  readonly stallMs: number
  /** Bytes that wait for the editor: above `highBytes` nothing more is read from the log, above `bytesMax` it is cut. */
  readonly highBytes: number
  readonly bytesMax: number
}

/** reliability 5: 4 MB for each subscriber. */
export const SOCKET_LIMITS: SocketLimits = { stallMs: 10_000, highBytes: 512 * 1024, bytesMax: 4 * 1024 * 1024 }

/** Names and numbers of RFC 6455; those of ours begin with 4000. */
const CLOSE: Readonly<Record<CloseReason, readonly [code: number, text: string]>> = {
  slow: [4008, 'takes nothing'],
  refused: [1008, 'not allowed'],
  gateway_stopping: [1012, 'the gateway stops'],
  token_rotated: [4001, 'the token was changed'],
  failed: [1011, 'internal error'],
}

export class WebSocketTransport implements EditorTransport {
  readonly #socket: WebSocket
  readonly #wire: Duplex
  readonly #limits: SocketLimits
  readonly #waiting: (() => void)[] = []
  #stall: NodeJS.Timeout | undefined
  #isCorked = false
  #isAlive = true
  #isOver = false

  /** `wire`: what carries `socket`. */
  constructor(socket: WebSocket, wire: Duplex, limits: SocketLimits) {
    this.#socket = socket
    this.#wire = wire
    this.#limits = limits
    socket.on('pong', () => (this.#isAlive = true))
    socket.on('close', () => this.#end())
    socket.on('error', () => socket.terminate())
  }

  send(line: string): void {
    if (this.#isOver) return
    this.#cork()
    this.#socket.send(line, () => this.#sent())
    if (this.#socket.bufferedAmount > this.#limits.bytesMax) this.close('slow')
  }

  room(): Promise<void> | undefined {
    if (this.#isOver || this.#socket.bufferedAmount <= this.#limits.highBytes) return undefined
    this.#stall ??= setTimeout(() => this.close('slow'), this.#limits.stallMs)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  close(reason: CloseReason): void {
    if (this.#isOver) return
    const [code, text] = CLOSE[reason]
    this.#socket.close(code, text)
    this.#end()
    if (reason === 'slow') this.#socket.terminate() // it would not take the last frame either
  }

  /** Cuts a connection of which nothing was heard since the last call. */
  beat(): void {
    if (!this.#isAlive) return this.#socket.terminate()
    this.#isAlive = false
    if (!this.#isOver) this.#socket.ping()
  }

  /** Whatever was written is not waited for. */
  cut(): void {
    this.#socket.terminate()
  }

  /** What is sent in one go is one write: a batch of events costs one call of the system, not one each. */
  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#wire.cork()
    process.nextTick(() => {
      this.#isCorked = false
      this.#wire.uncork()
    })
  }

  #sent(): void {
    if (this.#waiting.length === 0 || this.#socket.bufferedAmount > this.#limits.highBytes / 2) return
    this.#wake()
  }

  #end(): void {
    this.#isOver = true
    this.#wake()
  }

  #wake(): void {
    clearTimeout(this.#stall)
    this.#stall = undefined
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
