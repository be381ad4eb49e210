// `/acp`: editors over WebSocket and Streamable HTTP. Owns the WebSockets from the upgrade to their end.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

import type { WebSocket } from 'ws'

import { deadline, ignore } from '../../base/deadline.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { Facade } from '../../facade/facade.ts'
import type { CloseReason } from '../../facade/ports.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Guard } from '../guard/guard.ts'
import type { App } from '../routes/context.ts'
import { readWishes } from './connection-wishes.ts'
import { HttpEditors } from './http-routes.ts'
import { checkUpgrade, refuseUpgrade } from './upgrade.ts'
import { SOCKET_LIMITS, WebSocketTransport } from './web-socket.ts'
import type { SocketLimits } from './web-socket.ts'

export interface AcpEndpointPorts {
  readonly facade: Facade
  readonly guard: Guard
  readonly logger: Logger
  /** Of one message of an editor, as it holds now. */
  messageBytesMax(): number
  readonly limits?: SocketLimits
}

/** reliability 5: connections; ping. */
const CONNECTIONS_MAX = 256
const BEAT_MS = 30_000
const CLOSE_MS_MAX = 500

export class AcpEndpoint {
  readonly #ports: AcpEndpointPorts
  readonly #http: HttpEditors
  readonly #transports = new Set<WebSocketTransport>()
  readonly #upgrading = new Set<Duplex>()
  #beat: NodeJS.Timeout | undefined
  #whenNone: (() => void) | undefined
  #isClosed = false

  constructor(ports: AcpEndpointPorts) {
    this.#ports = ports
    this.#http = new HttpEditors(ports.facade, ports.guard)
  }

  /** Editors on WebSockets. */
  get connected(): number {
    return this.#transports.size
  }

  addRoutes(app: App): void {
    this.#http.addRoutes(app)
  }

  /** Takes the upgrades of a server. */
  serve(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#upgrade(request, socket, head)
    })
  }

  /** Ends the connections that are open now. */
  endAll(reason: CloseReason): void {
    this.#ports.facade.closeAll(reason)
  }

  /** Lets nobody in any more; resolves when no connection is left, at most half a second later. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.endAll('gateway_stopping')
    this.#http[Symbol.dispose]()
    for (const socket of this.#upgrading) socket.destroy()
    if (this.#transports.size > 0) {
      const none = new Promise<void>((resolve) => (this.#whenNone = resolve))
      await deadline(none, { ms: CLOSE_MS_MAX, stage: 'closing editors' }).catch(ignore('who is still there is cut'))
    }
    for (const transport of this.#transports) transport.cut()
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const id = randomUUID()
    socket.on('error', () => socket.destroy())
    this.#upgrading.add(socket)
    try {
      checkUpgrade(request, this.#ports.guard)
      this.#checkRoom()
      const { WebSocketServer: Upgrader } = await import('ws') // with the first editor: a gateway without one does not need it
      this.#checkRoom()
      const maxPayload = this.#ports.messageBytesMax()
      const upgrader = new Upgrader({ noServer: true, clientTracking: false, maxPayload, perMessageDeflate: false })
      upgrader.on('headers', (headers) => void headers.push(`Acp-Connection-Id: ${id}`))
      upgrader.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, socket, request))
    } catch (error) {
      refuseUpgrade(socket, error, id)
    } finally {
      this.#upgrading.delete(socket)
    }
  }

  #checkRoom(): void {
    if (this.#isClosed) throw new HoldfastError('GATEWAY_DRAINING')
    if (this.#transports.size >= CONNECTIONS_MAX) throw new HoldfastError('STREAM_LIMIT', { limit: CONNECTIONS_MAX })
  }

  #open(webSocket: WebSocket, wire: Duplex, request: IncomingMessage): void {
    const transport = new WebSocketTransport(webSocket, wire, this.#ports.limits ?? SOCKET_LIMITS)
    const { facade, guard } = this.#ports
    const origin = { isSameUser: guard.isSameUser(request) }
    const connection = facade.open(transport, readWishes(request.url), origin)
    this.#transports.add(transport)
    this.#beat ??= setInterval(() => this.#beatAll(), BEAT_MS)
    webSocket.on('message', (data, isBinary) => {
      if (!isBinary) connection.receive(data.toString('utf8'))
    })
    webSocket.on('close', () => {
      connection.close()
      this.#forget(transport)
    })
  }

  #beatAll(): void {
    for (const transport of this.#transports) transport.beat()
  }

  #forget(transport: WebSocketTransport): void {
    this.#transports.delete(transport)
    if (this.#transports.size > 0) return
    clearInterval(this.#beat)
    this.#beat = undefined
    this.#whenNone?.()
  }
}
