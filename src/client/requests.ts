// One request and its answer: token, JSON, time limit, and what went wrong as a typed error.

import { CancelledError, DeadlineError, HoldfastError } from '../base/errors.ts'
import type { Health, NotReady } from '../wire/gateway.ts'
import { toApiError } from './api-error.ts'
import type { Transport, TransportRequest, TransportResponse } from './transport.ts'

export interface ClientOptions {
  readonly transport: Transport
  /** Asked for each request, so that a new token is used when there is one. */
  readonly token: () => string | Promise<string>
  /** Limit of one request, in ms; default 70,000. A close may take as long as the stop of an agent. */
  readonly timeoutMs?: number
}

export interface CallOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 70_000
const READY_TIMEOUT_MS = 2_000

export class Requests {
  readonly #transport: Transport
  readonly #token: ClientOptions['token']
  readonly #timeoutMs: number

  constructor({ transport, token, timeoutMs = TIMEOUT_MS }: ClientOptions) {
    this.#transport = transport
    this.#token = token
    this.#timeoutMs = timeoutMs
  }

  get<T>(path: string, options?: CallOptions): Promise<T> {
    return this.#json<T>({ method: 'GET', path, headers: { accept: 'application/json' } }, options)
  }

  delete<T>(path: string, options?: CallOptions): Promise<T> {
    return this.#json<T>({ method: 'DELETE', path, headers: { accept: 'application/json' } }, options)
  }

  post<T>(path: string, body: object, options?: CallOptions): Promise<T> {
    return this.#withBody('POST', path, body, options)
  }

  put<T>(path: string, body: object, options?: CallOptions): Promise<T> {
    return this.#withBody('PUT', path, body, options)
  }

  patch<T>(path: string, body: object, options?: CallOptions): Promise<T> {
    return this.#withBody('PATCH', path, body, options)
  }

  /** True for a status of 2xx; needs no token. Never rejects. */
  async isOk(path: string, { signal, timeoutMs = READY_TIMEOUT_MS }: CallOptions = {}): Promise<boolean> {
    try {
      const bound = boundedBy(AbortSignal.timeout(timeoutMs), signal)
      const response = await this.#transport.send({ method: 'GET', path, headers: {}, signal: bound })
      await response.text()
      return response.status >= 200 && response.status < 300
    } catch {
      return false
    }
  }

  /** What `/readyz` says; undefined when there is no answer, or none that is known. */
  async readiness(options: CallOptions = {}): Promise<'ready' | NotReady['reason'] | undefined> {
    const { signal, timeoutMs = READY_TIMEOUT_MS } = options
    try {
      const bound = boundedBy(AbortSignal.timeout(timeoutMs), signal)
      const response = await this.#transport.send({ method: 'GET', path: '/readyz', headers: {}, signal: bound })
      const body = JSON.parse(await response.text()) as Health | NotReady
      if (response.status === 200) return 'ready'
      return 'reason' in body ? body.reason : undefined
    } catch {
      return undefined
    }
  }

  /** An answer whose body is read as it comes; it lives until `signal` aborts. Rejects for a status that is not 2xx. */
  async open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<TransportResponse> {
    const authorization = await this.#authorization()
    const response = await this.#send({ method: 'GET', path, headers: { ...headers, authorization }, signal })
    if (response.status >= 200 && response.status < 300) return response
    throw toApiError(response.status, await response.text())
  }

  #withBody<T>(
    method: 'POST' | 'PUT' | 'PATCH',
    path: string,
    body: object,
    options: CallOptions | undefined,
  ): Promise<T> {
    const headers = { accept: 'application/json', 'content-type': 'application/json' }
    return this.#json<T>({ method, path, headers, body: JSON.stringify(body) }, options)
  }

  async #json<T>(
    request: Omit<TransportRequest, 'signal'>,
    { signal, timeoutMs = this.#timeoutMs }: CallOptions = {},
  ): Promise<T> {
    const timeout = AbortSignal.timeout(timeoutMs)
    const headers = { ...request.headers, authorization: await this.#authorization() }
    const stage = `${request.method} ${request.path}`
    try {
      const response = await this.#send({ ...request, headers, signal: boundedBy(timeout, signal) })
      const text = await response.text()
      if (response.status < 200 || response.status >= 300) throw toApiError(response.status, text)
      return parseAnswer(response.status, text) as T
    } catch (error) {
      if (signal?.aborted === true) throw new CancelledError(stage)
      if (timeout.aborted) throw new DeadlineError(stage, timeoutMs)
      throw error
    }
  }

  async #authorization(): Promise<string> {
    return `Bearer ${await this.#token()}`
  }

  async #send(request: TransportRequest): Promise<TransportResponse> {
    request.signal.throwIfAborted() // it may have been aborted while the token was read
    try {
      return await this.#transport.send(request)
    } catch (cause) {
      throw new HoldfastError('GATEWAY_UNREACHABLE', { address: this.#transport.address }, { cause })
    }
  }
}

function parseAnswer(status: number, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw toApiError(status, text)
  }
}

function boundedBy(timeout: AbortSignal, signal: AbortSignal | undefined): AbortSignal {
  return signal === undefined ? timeout : AbortSignal.any([timeout, signal])
}
