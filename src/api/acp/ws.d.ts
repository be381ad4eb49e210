// The part of `ws` that is used here, by the command line and for remote agents; the package has no types of its own.

declare module 'ws' {
  import type { EventEmitter } from 'node:events'
  import type { ClientRequest, IncomingMessage } from 'node:http'
  import type { Duplex } from 'node:stream'

  interface ServerOptions {
    readonly noServer: true
    readonly clientTracking: boolean
    readonly maxPayload: number
    readonly perMessageDeflate: boolean
    /** False: pings are answered by hand. */
    readonly autoPong?: boolean
  }

  interface ClientOptions {
    readonly headers: Readonly<Record<string, string>>
    readonly maxPayload: number
    readonly perMessageDeflate: boolean
    readonly handshakeTimeout: number
    readonly createConnection?: () => Duplex
    readonly followRedirects?: boolean
  }

  export class WebSocket extends EventEmitter {
    constructor(url: string, options: ClientOptions)
    readonly bufferedAmount: number
    readonly readyState: number
    static readonly OPEN: 1
    send(data: string | Uint8Array, sent?: (error?: Error) => void): void
    ping(): void
    pause(): void
    resume(): void
    close(code: number, reason: string): void
    /** Cuts the connection at once. */
    terminate(): void
    on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this
    on(event: 'close', listener: (code: number, reason: Buffer) => void): this
    on(event: 'open' | 'pong' | 'ping', listener: () => void): this
    on(event: 'error', listener: (error: Error) => void): this
    on(event: 'unexpected-response', listener: (request: ClientRequest, response: IncomingMessage) => void): this
  }

  export class WebSocketServer extends EventEmitter {
    constructor(options: ServerOptions)
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, done: (socket: WebSocket) => void): void
    on(event: 'headers', listener: (headers: string[], request: IncomingMessage) => void): this
  }
}
