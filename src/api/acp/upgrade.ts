// What is checked before a connection becomes a WebSocket, and how one that may not is told: the same guard and the same answers as
// for every request (G 127 to 131).

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { HoldfastError } from '../../base/errors.ts'
import { errorAnswer } from '../error-answer.ts'
import type { Guard } from '../guard/guard.ts'

// As in listeners.ts: an import of node:http loads undici with it.
const { STATUS_CODES } = process.getBuiltinModule('node:http')

export const ACP_PATH = '/acp'

/** What the guard throws; NOT_FOUND for another path, BAD_REQUEST for another protocol. */
export function checkUpgrade(request: IncomingMessage, guard: Guard): void {
  guard.check(request)
  const { url = '', headers } = request
  const [path] = url.split('?', 1)
  if (path !== ACP_PATH) throw new HoldfastError('NOT_FOUND', { path: path?.slice(0, 200) })
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    throw new HoldfastError('BAD_REQUEST', { reason: 'only an upgrade to websocket is possible' })
  }
}

/** Answers in HTTP and ends the connection. */
export function refuseUpgrade(socket: Duplex, error: unknown, requestId: string): void {
  const { status, body } = errorAnswer(error, requestId)
  const text = JSON.stringify(body)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    'cache-control: no-store',
    'connection: close',
    `content-length: ${Buffer.byteLength(text)}`,
    ...(status === 401 ? ['www-authenticate: Bearer'] : []),
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`)
}
