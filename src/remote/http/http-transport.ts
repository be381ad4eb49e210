// The wire over Streamable HTTP: a message out is a POST, messages in come on one stream of the connection and one of each session.
// Modes: new (nothing was sent), initializing, open, over. Only the first answer tells which connection this is.

import type { IncomingMessage } from 'node:http'

import type { Timer } from '../../base/clock.ts'
import { ignore } from '../../base/deadline.ts'
import { DeadlineError, isHoldfastError } from '../../base/errors.ts'
import type { HoldfastError } from '../../base/errors.ts'
import { disconnected, refusedBy, stalled, unreachable, wordsOf } from '../failures.ts'
import type { WireSpec } from '../remote-host.ts'
import { WAITING_BYTES_MAX } from '../transport.ts'
import type { Transport, TransportListener } from '../transport.ts'
import { EventStream } from './event-stream.ts'
import { dropBody, HttpClient, readBody } from './http-client.ts'
import { PostLane } from './post-lane.ts'
import { Routes } from './routes.ts'
import type { Outbound } from './routes.ts'

/** See OpenWire. Nothing is sent before `initialize` is: whether there is anybody is known then. */
export function openHttp(spec: WireSpec, listener: TransportListener): Promise<Transport> {
  return Promise.resolve(new HttpWire(spec, listener))
}

const CONNECTION_ID = 'acp-connection-id'
/** The connection is not there (any more), whatever the message was. */
const ENDS: ReadonlySet<number> = new Set([401, 403, 404, 410])
/** The name of the stream that belongs to no session. */
const CONNECTION = ''
/**
 * The answer to a load may come on another stream than what is replayed for it, and nothing says where that ends: it is over when the
 * stream of the session was quiet for so long, at the latest after the second time.
 */
const QUIET_MS = 100
const REPLAY_MS_MAX = 2_000

class HttpWire implements Transport {
  readonly #spec: WireSpec
  readonly #listener: TransportListener
  readonly #client: HttpClient
  readonly #lane: PostLane
  readonly #routes = new Routes()
  readonly #streams = new Map<string, EventStream>()
  readonly #over = new AbortController()
  readonly #replays = new Map<string, Replay>()
  #connectionId: string | undefined
  #isPaused = false

  constructor(spec: WireSpec, listener: TransportListener) {
    this.#spec = spec
    this.#listener = listener
    this.#client = new HttpClient(spec)
    this.#lane = new PostLane(spec.clock, spec.times.heldMs)
  }

  send(text: string, written: () => void): void {
    if (this.#isOver) return
    if (this.#lane.bytes + text.length > WAITING_BYTES_MAX) return this.#lose(stalled(this.#spec.agent))
    const message = this.#routes.leaves(text)
    const isFirst = message.method === 'initialize'
    const run = (): Promise<void> => (isFirst ? this.#initialize(text, written) : this.#post(message, text, written))
    this.#lane.push({ isFirst, bytes: text.length, run })
  }

  pause(): void {
    this.#isPaused = true
    for (const stream of this.#streams.values()) stream.pause()
  }

  resume(): void {
    this.#isPaused = false
    for (const stream of this.#streams.values()) stream.resume()
  }

  async close(): Promise<void> {
    if (this.#over.signal.aborted) return
    this.#leave()
    const headers = this.#headers()
    if (this.#connectionId !== undefined) {
      const { closeMs: ms } = this.#spec.times
      const ended = this.#client.send({ method: 'DELETE', headers, ms, signal: AbortSignal.timeout(ms) })
      await ended.then(dropBody).catch(ignore('the server notices by itself'))
    }
    this.#client[Symbol.dispose]()
  }

  cut(): void {
    this.#leave()
    this.#client[Symbol.dispose]()
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted
  }

  /** Its answer has the id of the connection, and is the first message in. */
  async #initialize(body: string, written: () => void): Promise<void> {
    const { agent, times, messageBytesMax } = this.#spec
    const { signal } = this.#over
    const headers = { accept: 'application/json, text/event-stream' }
    try {
      const response = await this.#client.send({ method: 'POST', headers, body, ms: times.postMs, signal, written })
      const { statusCode = 0 } = response
      if (statusCode !== 200) {
        dropBody(response)
        throw refusedBy(agent, statusCode)
      }
      const id = response.headers[CONNECTION_ID]
      const answer = await readBody(response, messageBytesMax)
      if (answer === undefined) return this.#tooLong()
      this.#begin(typeof id === 'string' ? id : undefined, answer)
    } catch (error) {
      this.#lose(isHoldfastError(error) ? asUnreachable(agent, error) : unreachable(agent, wordsOf(error), error))
    }
  }

  #begin(id: string | undefined, answer: string): void {
    if (this.#isOver) return
    this.#connectionId = id
    if (id !== undefined) this.#open(CONNECTION)
    this.#tell(answer, undefined)
    // An agent that refuses needs no connection; whoever asked hears why.
    if (id === undefined && !/"error"\s*:/.test(answer))
      this.#lose(unreachable(this.#spec.agent, 'its server gave no Acp-Connection-Id: it does not serve ACP there'))
  }

  async #post(message: Outbound, body: string, written: () => void): Promise<void> {
    const { sessionId } = message
    if (this.#isOver) return
    if (sessionId !== undefined) this.#open(sessionId)
    const { postMs: ms } = this.#spec.times
    const { signal } = this.#over
    const headers = this.#headers(sessionId)
    try {
      const response = await this.#client.send({ method: 'POST', headers, body, ms, signal, written })
      dropBody(response)
      this.#onStatus(message, response.statusCode ?? 0)
    } catch (error) {
      if (this.#isOver) return
      if (error instanceof DeadlineError) return this.#lose(stalled(this.#spec.agent))
      this.#lose(disconnected(this.#spec.agent, wordsOf(error), error))
    }
  }

  #onStatus({ kind, id }: Outbound, status: number): void {
    if (status >= 200 && status < 300) return
    if (ENDS.has(status) || kind === 'answer') return this.#lose(this.#endOf(status))
    if (kind === 'notification') return // a cancel that was not taken has a deadline of its own
    const error = { code: -32603, message: `The server of the agent answered HTTP ${status}` }
    this.#tell(JSON.stringify({ jsonrpc: '2.0', id, error }), undefined)
  }

  #endOf(status: number): HoldfastError {
    const { agent } = this.#spec
    if (status === 404 || status === 410)
      return disconnected(agent, `its server does not know the connection any more (HTTP ${status})`)
    if (status === 401 || status === 403) return refusedBy(agent, status)
    return disconnected(agent, `its server did not take a message (HTTP ${status})`)
  }

  #open(name: string): void {
    if (this.#streams.has(name) || this.#isOver) return
    const { agent, clock, messageBytesMax } = this.#spec
    const about = name === CONNECTION ? undefined : name
    const stream = new EventStream({
      clock,
      messageBytesMax,
      open: (lastId) => this.#get(about, lastId),
      message: (text) => this.#tell(text, about),
      tooLong: () => this.#tooLong(),
      isFinal: isHoldfastError,
      lost: (cause) => this.#lose(isHoldfastError(cause) ? cause : disconnected(agent, endOfStream(cause), cause)),
    })
    this.#streams.set(name, stream)
    if (this.#isPaused) stream.pause()
  }

  async #get(sessionId: string | undefined, lastId: string | undefined): Promise<IncomingMessage> {
    const { connectMs: ms } = this.#spec.times
    const headers = {
      ...this.#headers(sessionId),
      accept: 'text/event-stream',
      ...(lastId !== undefined && { 'last-event-id': lastId }),
    }
    const response = await this.#client.send({ method: 'GET', headers, ms, signal: this.#over.signal })
    const { statusCode = 0 } = response
    if (statusCode === 200) return response
    dropBody(response)
    if (ENDS.has(statusCode) || lastId === undefined) throw this.#endOf(statusCode)
    throw new Error(`HTTP ${statusCode}`)
  }

  #tell(text: string, stream: string | undefined): void {
    if (this.#isOver) return
    const { opens, loaded } = this.#routes.arrives(text, stream)
    if (opens !== undefined) this.#open(opens)
    if (stream !== undefined) this.#replays.get(stream)?.heard()
    if (loaded === undefined) return this.#listener.message(text)
    const replay = new Replay(this.#spec, () => {
      this.#replays.delete(loaded)
      if (!this.#isOver) this.#listener.message(text)
    })
    this.#replays.set(loaded, replay)
  }

  #headers(sessionId?: string): Record<string, string> {
    return {
      ...(this.#connectionId !== undefined && { 'acp-connection-id': this.#connectionId }),
      ...(sessionId !== undefined && { 'acp-session-id': sessionId }),
    }
  }

  #lose(error: HoldfastError): void {
    if (this.#isOver) return
    this.cut()
    this.#listener.lost(error)
  }

  #tooLong(): void {
    if (this.#isOver) return
    this.cut()
    this.#listener.tooLong()
  }

  #leave(): void {
    this.#over.abort()
    this.#lane.close()
    for (const stream of this.#streams.values()) stream.close()
    for (const replay of this.#replays.values()) replay[Symbol.dispose]()
  }
}

/** The end of what is replayed on one stream for an answer on another. */
class Replay implements Disposable {
  readonly #clock: WireSpec['clock']
  readonly #done: () => void
  readonly #until: number
  #timer: Timer | undefined

  constructor({ clock }: WireSpec, done: () => void) {
    this.#clock = clock
    this.#done = done
    this.#until = clock.now() + REPLAY_MS_MAX
    this.heard()
  }

  heard(): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.at(Math.min(this.#until, this.#clock.now() + QUIET_MS), this.#done)
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
  }
}

function endOfStream(cause: unknown): string {
  return cause === undefined ? 'the other side ended it' : wordsOf(cause)
}

/** What ends the first request; its own deadline is that of who waits for the answer. */
function asUnreachable(agent: string, error: HoldfastError): HoldfastError {
  return error instanceof DeadlineError ? unreachable(agent, 'its server does not answer', error) : error
}
