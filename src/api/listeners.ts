// The two listeners of one application: a unix socket that only its user can open, and loopback TCP.

import { chmodSync, lstatSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'

import { deadline } from '../base/deadline.ts'
import { HoldfastError } from '../base/errors.ts'
import type { TcpConfig } from './ports.ts'

// As in cli/socket-transport.ts: an import of node:http loads undici with it.
const { createServer } = process.getBuiltinModule('node:http')

export type Route = (request: IncomingMessage, response: ServerResponse) => void

/** reliability 5: header time, request time, idle; checked often enough to mean what they say. */
const SERVER_OPTIONS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16 * 1024,
} as const

const CONNECTIONS_MAX = 1024
const PROBE_MS = 1_000

export function createHttpServer(route: Route): Server {
  const server = createServer(SERVER_OPTIONS, route)
  server.maxConnections = CONNECTIONS_MAX
  server.maxRequestsPerSocket = 0
  return server
}

/**
 * Listens on `path` with mode 0600, or on `fd`, which listens there already. A socket that nobody answers on is a leftover and is
 * replaced; PORT_IN_USE otherwise. STATE_DIR_UNSAFE when others may enter its directory, or we cannot write to it.
 */
export async function listenOnSocket(server: Server, path: string, fd?: number): Promise<void> {
  checkDirectory(dirname(path))
  if (fd !== undefined) return listen(server, { fd }, path)
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat !== undefined) {
    if (!stat.isSocket())
      throw new HoldfastError('STATE_DIR_UNSAFE', { path, reason: 'a file that is no socket is there' })
    if (await isAnswered(path)) throw portInUse(path)
    rmSync(path, { force: true })
  }
  await listen(server, { path }, path)
  chmodSync(path, 0o600) // the directory is 0700: nobody else was able to open it before this line
}

/**
 * Listens on loopback; resolves with the port. When the port is taken and was not set by the user, a free one is used instead and
 * written to `portFile`. PORT_IN_USE otherwise; CONFIG_INVALID for an address that is not of this machine or not allowed to us.
 */
export async function listenOnTcp(
  server: Server,
  { host, port, isPortExplicit, portFile, fd }: TcpConfig,
): Promise<number> {
  try {
    await listen(server, fd === undefined ? { host, port } : { fd }, `${host}:${port}`)
  } catch (error) {
    const isTaken = error instanceof HoldfastError && error.code === 'PORT_IN_USE'
    if (!isTaken || isPortExplicit || port === 0) throw error
    await listen(server, { host, port: 0 }, `${host}:0`)
  }
  const { port: inUse } = server.address() as AddressInfo
  if (portFile !== undefined) writeFileSync(portFile, `${inUse}\n`, { mode: 0o600 })
  return inUse
}

type Where = { path: string } | { host: string; port: number } | { fd: number }

function listen(server: Server, where: Where, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      server.off('listening', onListening)
      reject(refusalOf(cause, where, address))
    }
    const onListening = (): void => {
      server.off('error', onError)
      resolve()
    }
    server.once('error', onError).once('listening', onListening)
    server.listen({ ...where, backlog: 511 })
  })
}

/** What the user can correct is said as that; anything else stays what it is. */
function refusalOf(cause: NodeJS.ErrnoException, where: Where, address: string): Error {
  const { code = '' } = cause
  if (code === 'EADDRINUSE') return portInUse(address, cause)
  if ('path' in where && ['EACCES', 'EPERM', 'EROFS'].includes(code)) {
    const details = { path: dirname(where.path), reason: `it cannot be written to (${code})` }
    return new HoldfastError('STATE_DIR_UNSAFE', details, { cause })
  }
  if ('host' in where && ['EACCES', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(code)) {
    const details = { reason: `${address} cannot be listened on (${code})`, file: 'http.host or http.port' }
    return new HoldfastError('CONFIG_INVALID', details, { cause })
  }
  return cause
}

/** Who it is, only who may look at other processes can find out. */
function portInUse(address: string, cause?: unknown): HoldfastError {
  return new HoldfastError('PORT_IN_USE', { address, owner: 'another program' }, { cause })
}

function checkDirectory(path: string): void {
  const { mode } = statSync(path)
  const isPrivate = process.platform === 'win32' || (mode & 0o077) === 0
  if (!isPrivate) throw new HoldfastError('STATE_DIR_UNSAFE', { path, reason: 'others may enter it' })
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect({ path })
  try {
    const connected = new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    await deadline(connected, { ms: PROBE_MS, stage: 'asking the socket' })
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
