// The least of a client of the HTTP API: requests on one kept connection, events of one session on another.
// Only node:http, so that what is measured is the gateway and not a library.

import { Agent, request } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'

import { ignore } from '../src/base/deadline.ts'
import type { TurnTimes } from './side.ts'

export interface GatewayAddress {
  readonly socketPath: string
  readonly token: string
}

export class GatewayClient implements Disposable {
  readonly #address: GatewayAddress
  readonly #agent = new Agent({ keepAlive: true })

  constructor(address: GatewayAddress) {
    this.#address = address
  }

  /** Rejects for an answer that is not 2xx. */
  async call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const outgoing = this.#request(method, path, text)
    outgoing.end(text)
    const incoming = await answerOf(outgoing)
    let answer = ''
    incoming.setEncoding('utf8')
    for await (const chunk of incoming) answer += chunk
    if ((incoming.statusCode ?? 500) >= 300) throw new Error(`${method} ${path}: ${incoming.statusCode} ${answer}`)
    return JSON.parse(answer) as T
  }

  /** Resolves when the stream's first frame has arrived. */
  async follow(session: string, after: number): Promise<SessionEvents> {
    const outgoing = this.#request('GET', `/v1/sessions/${session}/events?after=${after}`, undefined)
    outgoing.setHeader('accept', 'text/event-stream')
    outgoing.end()
    const incoming = await answerOf(outgoing)
    if (incoming.statusCode !== 200) throw new Error(`events of ${session}: ${incoming.statusCode}`)
    const events = new SessionEvents(incoming)
    await events.hello
    return events
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  #request(method: string, path: string, body: string | undefined): ClientRequest {
    const { socketPath, token } = this.#address
    const content =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const headers = { host: 'localhost', authorization: `Bearer ${token}`, ...content }
    return request({ socketPath, method, path, headers, agent: this.#agent })
  }
}

function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
  })
}

interface Watch {
  readonly from: number
  readonly wanted: 'agent.ready' | 'turn.ended'
  readonly done: PromiseWithResolvers<TurnTimes>
}

/** The stream of one session: counts updates and takes times. */
export class SessionEvents implements Disposable {
  readonly #incoming: IncomingMessage
  readonly #hello = Promise.withResolvers<void>()
  #rest = ''
  #watches: Watch[] = []
  #firstAt = 0
  #lastAt = 0
  #updates = 0

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming
    incoming.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk))
    incoming.once('close', () => {
      for (const { done } of this.#watches) done.reject(new Error('the event stream ended'))
    })
  }

  get hello(): Promise<void> {
    return this.#hello.promise
  }

  /** Counts from 0; resolves when the next event of the type has been parsed. */
  until(wanted: Watch['wanted'], from = performance.now()): Promise<TurnTimes> {
    this.#updates = 0
    const done = Promise.withResolvers<TurnTimes>()
    done.promise.catch(ignore('the caller has it too'))
    this.#watches.push({ from, wanted, done })
    return done.promise
  }

  [Symbol.dispose](): void {
    this.#incoming.destroy()
  }

  #take(chunk: string): void {
    const frames = (this.#rest + chunk).split('\n\n')
    this.#rest = frames.pop() ?? ''
    for (const frame of frames) this.#frame(frame)
  }

  #frame(frame: string): void {
    if (frame.includes('event: hello')) return this.#hello.resolve()
    const data = frame.indexOf('\ndata: ')
    if (data === -1) return
    const { type } = JSON.parse(frame.slice(data + 7)) as { type: string }
    if (type === 'update') {
      this.#lastAt = performance.now()
      if (this.#updates++ === 0) this.#firstAt = this.#lastAt
    }
    const watch = this.#watches.find(({ wanted }) => wanted === type)
    if (watch === undefined) return
    this.#watches = this.#watches.filter((other) => other !== watch)
    const { from, done } = watch
    const endMs = performance.now() - from
    done.resolve({ firstMs: this.#firstAt - from, lastMs: this.#lastAt - from, endMs, updates: this.#updates })
  }
}
