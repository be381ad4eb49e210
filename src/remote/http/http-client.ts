// Requests to the address of one remote agent: its headers and cookies, its own sockets, no redirect, every wait bounded.

import type * as Http from 'node:http'
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type * as Https from 'node:https'

import type { Clock } from '../../base/clock.ts'
import { CancelledError, DeadlineError } from '../../base/errors.ts'
import { Cookies } from './cookies.ts'

export interface HttpClientOptions {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly clock: Clock
}

export interface HttpRequest {
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Until the head of the answer is here. */
  readonly ms: number
  readonly signal: AbortSignal
  /** Called when the first byte may be on its way. */
  readonly written?: () => void
}

/** So that a peer whose machine is gone is noticed. */
const KEEP_ALIVE_MS = 15_000

export class HttpClient implements Disposable {
  readonly #options: HttpClientOptions
  readonly #cookies = new Cookies()
  readonly #http: typeof Http | typeof Https
  readonly #agent: Http.Agent

  constructor(options: HttpClientOptions) {
    this.#options = options
    // As in listeners.ts: an import of node:http loads undici with it.
    this.#http = process.getBuiltinModule(options.url.protocol === 'https:' ? 'node:https' : 'node:http')
    this.#agent = new this.#http.Agent({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS })
  }

  /**
   * Resolves with the head of the answer, whatever its status; the caller reads the body or drops it with `dropBody`. Rejects with the
   * socket's error, DEADLINE, or CANCELLED when `signal` aborts; that ends the body, too.
   */
  send(given: HttpRequest): Promise<IncomingMessage> {
    const { method, headers, body, ms, signal, written } = given
    if (signal.aborted) return Promise.reject(new CancelledError(method))
    return new Promise((resolve, reject) => {
      const request = this.#request(method, headers, body)
      const { clock } = this.#options
      const timer = clock.at(clock.now() + ms, () => request.destroy(new DeadlineError(method, ms)))
      const abort = (): void => void request.destroy(new CancelledError(method))
      signal.addEventListener('abort', abort, { once: true })
      request.once('close', () => signal.removeEventListener('abort', abort))
      request.once('socket', (socket) => {
        socket.setKeepAlive(true, KEEP_ALIVE_MS)
        if (socket.connecting) socket.once(this.#connected, () => written?.())
        else written?.()
      })
      request.once('response', (response) => {
        timer.cancel()
        this.#cookies.keep(response.headers['set-cookie'] ?? [])
        resolve(response)
      })
      request.on('error', (error) => {
        timer.cancel()
        reject(error)
      })
      request.end(body)
    })
  }

  /** Cuts what is still open. */
  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  get #connected(): 'secureConnect' | 'connect' {
    return this.#options.url.protocol === 'https:' ? 'secureConnect' : 'connect'
  }

  #request(method: string, headers: Readonly<Record<string, string>>, body: string | undefined): ClientRequest {
    const { url, headers: configured } = this.#options
    const cookie = this.#cookies.header()
    const all: OutgoingHttpHeaders = { ...configured, ...headers, ...(cookie !== undefined && { cookie }) }
    if (body !== undefined) {
      all['content-type'] = 'application/json'
      all['content-length'] = Buffer.byteLength(body)
    }
    return this.#http.request(url, { method, headers: all, agent: this.#agent })
  }
}

/** What is not wanted must be read, or its socket is never free again. */
export function dropBody(response: IncomingMessage): void {
  response.on('error', () => response.destroy())
  response.resume()
}

/** The whole body as text; undefined when it is larger than `bytesMax`. Rejects when it is cut. */
export async function readBody(response: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bytesMax) return undefined // leaving the loop ends the response
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
