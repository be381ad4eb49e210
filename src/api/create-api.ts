// The API as the daemon starts and stops it: one application behind a unix socket and loopback TCP.

import { rmSync } from 'node:fs'
import type { Server } from 'node:http'

import { deadline, ignore } from '../base/deadline.ts'
import { Facade } from '../facade/facade.ts'
import { AcpEndpoint } from './acp/acp-endpoint.ts'
import { createApp } from './app.ts'
import { Guard } from './guard/guard.ts'
import { FreshConnections } from './fresh-connections.ts'
import { createHttpServer, listenOnSocket, listenOnTcp } from './listeners.ts'
import type { Route } from './listeners.ts'
import type { ApiPorts, Leaving, TcpConfig } from './ports.ts'
import { RunningRequests } from './running-requests.ts'
import { Streams } from './streams/streams.ts'
import type { OpenStream } from './streams/streams.ts'

export interface Api extends AsyncDisposable {
  /** Resolves when both listeners accept. PORT_IN_USE or STATE_DIR_UNSAFE when one cannot; then nothing is left open. */
  listen(): Promise<void>
  /** Tells everybody who reads a stream that the gateway ends; from here on a refusal says when to come back. */
  leave(leaving: Leaving): void
  /** The streams that are open, for who looks for one that hangs. */
  streams(): readonly OpenStream[]
  /** Base address over TCP while it listens, such as `http://127.0.0.1:7433`. */
  url(): string | undefined
  /** Ends the streams with a last frame after the last event, lets running requests finish for at most 5 s, closes everything. Idempotent. */
  close(): Promise<void>
}

const CLOSE_MS_MAX = 5_000
/** For who was let in and has not asked yet. */
const FRESH_MS_MAX = 250

export function createApi(ports: ApiPorts): Api {
  return new HttpApi(ports)
}

class HttpApi implements Api {
  readonly #ports: ApiPorts
  readonly #guard: Guard
  readonly #streams: Streams
  readonly #acp: AcpEndpoint
  readonly #app: ReturnType<typeof createApp>
  readonly #running = new RunningRequests()
  readonly #fresh = new FreshConnections()
  readonly #route: Route
  readonly #servers: Server[] = []
  readonly #rotation: Disposable
  #port: number | undefined
  #closing: Promise<void> | undefined

  constructor(ports: ApiPorts) {
    const { tokens, config, logger } = ports
    this.#ports = ports
    this.#guard = new Guard({ port: config.tcp?.port, names: config, tokens })
    this.#streams = new Streams(ports.streamLimits)
    this.#acp = new AcpEndpoint({
      facade: new Facade({ ...ports, mayBringCommands: () => config.mcpCommands }),
      guard: this.#guard,
      logger,
      messageBytesMax: () => config.bodyBytesMax,
    })
    this.#app = createApp({ ...ports, streams: this.#streams, url: () => this.url() }, this.#guard)
    this.#acp.addRoutes(this.#app)
    this.#route = (request, response) => {
      this.#fresh.asked(request.socket)
      this.#running.add(response)
      this.#app.routing(request, response)
    }
    this.#rotation = tokens.onRotated(() => this.#forgetClients())
  }

  async listen(): Promise<void> {
    await this.#app.ready()
    const { config } = this.#ports
    try {
      if (config.socket !== undefined) await this.#listenOnSocket(config.socket, config.socketFd)
      if (config.tcp !== undefined) await this.#listenOnTcp(config.tcp)
    } catch (error) {
      await this.close()
      throw error
    }
    this.#ports.logger.info({ url: this.url(), socket: config.socket }, 'listening')
  }

  streams(): readonly OpenStream[] {
    return this.#streams.describe()
  }

  leave(leaving: Leaving): void {
    this.#streams.leave(leaving)
  }

  url(): string | undefined {
    const host = this.#ports.config.tcp?.host
    if (this.#port === undefined || host === undefined) return undefined
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #listenOnSocket(path: string, fd: number | undefined): Promise<void> {
    const server = createHttpServer(this.#route)
    server.on('connection', (socket) => this.#guard.markUnixSocket(socket))
    this.#acp.serve(server)
    this.#fresh.watch(server)
    await listenOnSocket(server, path, fd)
    this.#servers.push(server)
  }

  async #listenOnTcp(config: TcpConfig): Promise<void> {
    const server = createHttpServer(this.#route)
    this.#acp.serve(server)
    this.#fresh.watch(server)
    this.#port = await listenOnTcp(server, config)
    this.#guard.hosts.setPort(this.#port)
    this.#servers.push(server)
  }

  /** The token changed: who came with the old one has to come again. */
  #forgetClients(): void {
    this.#streams.endAll('token_rotated')
    this.#acp.endAll('token_rotated')
    for (const server of this.#servers) server.closeIdleConnections()
  }

  async #close(): Promise<void> {
    this.#rotation[Symbol.dispose]()
    const closed = this.#servers.map(closeServer)
    await deadline(this.#fresh.none(), { ms: FRESH_MS_MAX, stage: 'hearing new connections' }).catch(
      ignore('who asks nothing has lost nothing'),
    )
    this.#streams[Symbol.dispose]()
    await this.#acp.close()
    await deadline(this.#running.none(), { ms: CLOSE_MS_MAX, stage: 'closing the API' }).catch(
      ignore('what still runs is cut'),
    )
    for (const server of this.#servers) server.closeAllConnections()
    await Promise.all(closed)
    await this.#app.close()
    const { tcp } = this.#ports.config
    if (this.#port !== undefined && tcp?.portFile !== undefined) rmSync(tcp.portFile, { force: true })
    this.#port = undefined
  }
}

/** Accepts nothing more at once; resolves when the last connection is gone. Node removes the file of a unix socket itself. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
