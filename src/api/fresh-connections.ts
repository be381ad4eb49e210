// Connections that were let in and on which nothing was asked yet. Who connected a moment before a close was not refused, so it is
// heard; the bound is the caller's.

import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export class FreshConnections {
  readonly #sockets = new Set<Socket>()
  #whenNone: (() => void) | undefined

  watch(server: Server): void {
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.asked(socket))
    })
  }

  /** The first request has come; later calls change nothing. */
  asked(socket: Socket): void {
    if (this.#sockets.delete(socket) && this.#sockets.size === 0) this.#whenNone?.()
  }

  /** Resolves when there is none. For one caller. */
  none(): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve()
    return new Promise((resolve) => (this.#whenNone = resolve))
  }
}
