// Carries the client's requests over a unix socket, with one connection kept for the next request.

import type { Agent, IncomingMessage } from 'node:http'

import type { Transport, TransportRequest, TransportResponse } from '../client/transport.ts'

// An import would read every export of node:http, and one of them loads the whole of undici: 20 ms that no command needs.
const http = process.getBuiltinModule('node:http')

const TEXT_BYTES_MAX = 64 * 1024 * 1024

export interface SocketTransport extends Transport, Disposable {}

/** A transport to the gateway that listens at `socketPath`. Disposing it closes idle connections. */
export function createSocketTransport(socketPath: string): SocketTransport {
  const agent = new http.Agent({ keepAlive: true })
  return {
    address: socketPath,
    send: (request) => send(request, socketPath, agent),
    [Symbol.dispose]: () => agent.destroy(),
  }
}

function send({ method, path, headers, body, signal }: TransportRequest, socketPath: string, agent: Agent) {
  return new Promise<TransportResponse>((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const options = { socketPath, agent, method, path, headers: { host: 'localhost', ...headers, ...length }, signal }
    const outgoing = http.request(options, (incoming) => resolve(responseOf(incoming)))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function responseOf(incoming: IncomingMessage): TransportResponse {
  return {
    status: incoming.statusCode ?? 0,
    header: (name) => {
      const value = incoming.headers[name.toLowerCase()]
      return Array.isArray(value) ? value.join(', ') : value
    },
    text: () => readText(incoming),
    chunks: () => incoming,
  }
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > TEXT_BYTES_MAX) throw new RangeError('the answer of the gateway is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
