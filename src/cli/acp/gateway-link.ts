// One connection of the bridge: a WebSocket to `/acp` over the socket of the gateway, with the token in the upgrade.

import { connect } from 'node:net'

import { WebSocket } from 'ws'

import { HoldfastError } from '../../base/errors.ts'

export interface GatewayLinkOptions {
  readonly socketPath: string
  readonly token: string
  /** Path and query. */
  readonly target: string
  received(line: string): void
}

export interface GatewayLink {
  send(line: string): void
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>
  /** Stops reading until the result is called. */
  pause(): () => void
  /** Hands out what is written, then ends the connection. */
  close(): void
  /** Ends the connection at once. */
  cut(): void
}

const HANDSHAKE_MS = 5_000
/** A replay may hold whole files; the gateway has bounds of its own. */
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024

/** Resolves when messages can be sent. GATEWAY_UNREACHABLE with the status of the refusal, if there was one. */
export function openGatewayLink({ socketPath, token, target, received }: GatewayLinkOptions): Promise<GatewayLink> {
  const socket = new WebSocket(`ws://localhost${target}`, {
    headers: { authorization: `Bearer ${token}` },
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_MS,
    createConnection: () => connect(socketPath),
  })
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  const link: GatewayLink = {
    send: (line) => socket.send(line),
    closed,
    pause: () => {
      socket.pause()
      return () => socket.resume()
    },
    close: () => socket.close(1000, 'the editor has gone'),
    cut: () => socket.terminate(),
  }
  return new Promise((resolve, reject) => {
    const fail = (details: object, cause?: Error): void =>
      reject(new HoldfastError('GATEWAY_UNREACHABLE', { address: socketPath, ...details }, { cause }))
    socket.on('open', () => resolve(link))
    socket.on('message', (data) => received(data.toString('utf8')))
    socket.on('error', (cause) => fail({}, cause))
    socket.on('unexpected-response', (_, { statusCode: status }) => {
      fail({ status })
      socket.terminate()
    })
  })
}
