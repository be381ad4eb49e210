// The wire over a WebSocket: one message is one text frame. Asks for signs of life, and notices when nothing is taken.

import type { WebSocket } from 'ws'

import type { Timer } from '../base/clock.ts'
import { deadline, ignore } from '../base/deadline.ts'
import { CancelledError } from '../base/errors.ts'
import type { HoldfastError } from '../base/errors.ts'
import { closedWith, disconnected, refusedBy, stalled, unreachable, wordsOf } from './failures.ts'
import type { WireSpec } from './remote-host.ts'
import { WAITING_BYTES_MAX } from './transport.ts'
import type { Transport, TransportListener } from './transport.ts'

/** See OpenWire. */
export async function openWebSocket(
  spec: WireSpec,
  listener: TransportListener,
  signal: AbortSignal,
): Promise<Transport> {
  const { WebSocket: Client } = await import('ws') // with the first remote agent: a gateway without one does not need it
  if (signal.aborted) throw new CancelledError('connect')
  const { agent, url, headers, messageBytesMax, times } = spec
  const socket = new Client(url.href, {
    headers,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    handshakeTimeout: times.connectMs,
    followRedirects: false,
  })
  const wire = new WebSocketWire(socket, spec, listener)
  const cut = (): void => socket.terminate()
  signal.addEventListener('abort', cut, { once: true })
  try {
    await opened(agent, socket)
    wire.start()
    return wire
  } finally {
    signal.removeEventListener('abort', cut)
  }
}

function opened(agent: string, socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', (error) => reject(unreachable(agent, wordsOf(error), error)))
    socket.once('close', () => reject(new CancelledError('connect')))
    socket.once('unexpected-response', (request, { statusCode = 0 }) => {
      reject(refusedBy(agent, statusCode))
      request.destroy()
    })
  })
}

/** What `ws` says of a frame that is larger than allowed. */
const TOO_LONG = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'

/** Beats without any of what waits being taken. A large message over a slow line needs one or two. */
const STUCK_BEATS_MAX = 3

/** Modes: opening, open from `start` on, then over. Only messages are told before it is open, and nothing after the end. */
class WebSocketWire implements Transport {
  readonly #socket: WebSocket
  readonly #spec: WireSpec
  readonly #listener: TransportListener
  readonly #closed: Promise<void>
  #beat: Timer | undefined
  #isAlive = true
  #isPaused = false
  #isOver = false
  /** Of what was sent, how much was still here at the last beat, and for how many beats it has not become less. */
  #waitingBytes = 0
  #stuckBeats = 0

  constructor(socket: WebSocket, spec: WireSpec, listener: TransportListener) {
    this.#socket = socket
    this.#spec = spec
    this.#listener = listener
    this.#closed = new Promise((resolve) => socket.on('close', () => resolve()))
    socket.on('message', (data, isBinary) => this.#take(data, isBinary))
    for (const sign of ['ping', 'pong'] as const) socket.on(sign, () => (this.#isAlive = true))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', (code, reason) => this.#lose(closedWith(spec.agent, code, reason.toString('utf8'))))
  }

  start(): void {
    this.#armBeat()
  }

  send(text: string, written: () => void): void {
    if (this.#isOver || this.#socket.readyState !== OPEN) return
    if (this.#socket.bufferedAmount + text.length > WAITING_BYTES_MAX) return this.#lose(stalled(this.#spec.agent))
    this.#socket.send(text, ignore('the end of the connection says it, too'))
    written()
  }

  pause(): void {
    this.#isPaused = true
    if (!this.#isOver) this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#isAlive = true // what it said meanwhile was not read
    if (!this.#isOver) this.#socket.resume()
  }

  async close(): Promise<void> {
    this.#leave()
    // The other side's goodbye is behind what was not read.
    this.#socket.resume()
    this.#socket.close(1000, '')
    const { closeMs: ms } = this.#spec.times
    await deadline(this.#closed, { ms, stage: 'closing a connection' }).catch(ignore('then it is cut'))
    this.#socket.terminate()
  }

  cut(): void {
    this.#leave()
    this.#socket.terminate()
  }

  #take(data: Buffer, isBinary: boolean): void {
    this.#isAlive = true
    if (!this.#isOver && !isBinary) this.#listener.message(data.toString('utf8'))
  }

  #fail(error: Error): void {
    if (this.#isOver || this.#beat === undefined) return
    const isTooLong = 'code' in error && error.code === TOO_LONG
    if (!isTooLong) return this.#lose(disconnected(this.#spec.agent, wordsOf(error), error))
    this.cut()
    this.#listener.tooLong()
  }

  #lose(error: HoldfastError): void {
    if (this.#isOver || this.#beat === undefined) return
    this.cut()
    this.#listener.lost(error)
  }

  #leave(): void {
    this.#isOver = true
    this.#beat?.cancel()
  }

  #armBeat(): void {
    const { clock, times } = this.#spec
    this.#beat = clock.at(clock.now() + times.beatMs, () => this.#onBeat())
  }

  #onBeat(): void {
    if (this.#isOver) return
    const bytes = this.#socket.bufferedAmount
    this.#stuckBeats = bytes > 0 && bytes >= this.#waitingBytes ? this.#stuckBeats + 1 : 0
    this.#waitingBytes = bytes
    if (this.#stuckBeats >= STUCK_BEATS_MAX) return this.#lose(stalled(this.#spec.agent))
    // While we read nothing, nobody can be heard; a ping behind what waits was not heard.
    if (!this.#isAlive && !this.#isPaused && bytes === 0)
      return this.#lose(disconnected(this.#spec.agent, 'it gives no sign of life any more'))
    this.#isAlive = false
    this.#socket.ping()
    this.#armBeat()
  }
}

const OPEN = 1
