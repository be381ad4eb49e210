// The first thing that sees a request, before its route, its body and its token are looked at by anybody else (reliability 7.1).
// Order: form of the target, Host, Origin, fetch metadata, content type, token. Never answers; throws what is wrong.

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

import { HoldfastError } from '../../base/errors.ts'
import type { ApiConfig, TokenProvider } from '../ports.ts'
import { FailureBrake } from './failure-brake.ts'
import { HostRule } from './host-rule.ts'
import { bearerToken, isToken } from './token-check.ts'

export interface GuardOptions {
  /** Undefined until it listens. */
  readonly port: number | undefined
  /** Read at each request. */
  readonly names: AllowedNames
  readonly tokens: TokenProvider
}

export type AllowedNames = Pick<ApiConfig, 'allowedHosts' | 'allowedOrigins'>

/** Paths that say that we live and nothing else. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz'])

const JSON_TYPE = /^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i

export class Guard {
  readonly hosts: HostRule
  readonly #names: AllowedNames
  readonly #tokens: TokenProvider
  readonly #brake = new FailureBrake()
  readonly #unixSockets = new WeakSet<Socket>()

  constructor({ port, names, tokens }: GuardOptions) {
    this.hosts = new HostRule(port, names)
    this.#names = names
    this.#tokens = tokens
  }

  /** Connections of the unix socket have rules of their own for Host. */
  markUnixSocket(socket: Socket): void {
    this.#unixSockets.add(socket)
  }

  /** It came over the unix socket, which only our user can open. */
  isSameUser({ socket }: IncomingMessage): boolean {
    return this.#unixSockets.has(socket)
  }

  /** Throws BAD_REQUEST, FORBIDDEN_HOST, FORBIDDEN_ORIGIN, UNSUPPORTED_MEDIA_TYPE, UNAUTHORIZED or TOO_MANY_FAILURES. */
  check(request: IncomingMessage): void {
    const { url = '', headers } = request
    if (!url.startsWith('/')) throw new HoldfastError('BAD_REQUEST', { reason: 'the target must be a path' })
    this.#checkHost(request)
    this.#checkOrigin(headers)
    checkContentType(request)
    if (!OPEN_PATHS.has(url)) this.#checkToken(request)
  }

  #checkHost(request: IncomingMessage): void {
    const host = onlyHost(request.rawHeaders)
    const isUnix = this.#unixSockets.has(request.socket)
    const isAllowed = host !== undefined && (isUnix ? this.hosts.allowsSocket(host) : this.hosts.allowsTcp(host))
    if (!isAllowed) throw new HoldfastError('FORBIDDEN_HOST')
  }

  #checkOrigin(headers: IncomingMessage['headers']): void {
    const { origin } = headers
    const isConfigured = origin !== undefined && origin !== 'null' && this.#names.allowedOrigins.includes(origin)
    if (origin !== undefined && !isConfigured) throw new HoldfastError('FORBIDDEN_ORIGIN')
    const site = headers['sec-fetch-site']
    if (site === undefined || site === 'same-origin' || site === 'none') return
    // Another port of localhost is the same site, but another origin.
    if (!(site === 'same-site' && isConfigured)) throw new HoldfastError('FORBIDDEN_ORIGIN')
  }

  #checkToken({ headers, socket }: IncomingMessage): void {
    const { authorization } = headers
    const token = bearerToken(authorization)
    if (token !== undefined && isToken(token, this.#tokens.digest())) return
    // No token at all is no guess.
    const retryAfterMs = authorization === undefined ? 0 : this.#brake.fail(this.#peerOf(socket), Date.now())
    if (retryAfterMs > 0) throw new HoldfastError('TOO_MANY_FAILURES', { retryAfterMs })
    throw new HoldfastError('UNAUTHORIZED')
  }

  /** By connection, never by a header that the client may write. */
  #peerOf(socket: Socket): string {
    return this.#unixSockets.has(socket) ? 'unix' : (socket.remoteAddress ?? 'unknown')
  }
}

/** The Host header when there is exactly one. Node keeps the first of several, so the raw list is counted. */
function onlyHost(rawHeaders: readonly string[]): string | undefined {
  let host: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name === undefined || name.length !== 4 || name.toLowerCase() !== 'host') continue
    if (host !== undefined) return undefined
    host = rawHeaders[i + 1]
  }
  return host
}

/** What changes something must be JSON: a form or a text is what a foreign page can send without being asked. */
function checkContentType({ method, headers }: IncomingMessage): void {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return
  const contentType = headers['content-type']
  if (contentType !== undefined && JSON_TYPE.test(contentType)) return
  const hasBody = (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined
  if (method === 'DELETE' && !hasBody && contentType === undefined) return
  throw new HoldfastError('UNSUPPORTED_MEDIA_TYPE', { contentType: contentType?.slice(0, 100) ?? 'none' })
}
