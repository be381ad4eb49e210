// One editor over Streamable HTTP: messages come as requests, and go out on one stream of the connection and one of each session.

import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import type { CloseReason, EditorTransport } from '../../facade/ports.ts'
import { OUTBOUND_LIMITS, OutboundStream } from './outbound-stream.ts'
import type { OutboundLimits } from './outbound-stream.ts'

export interface HttpEditorLimits extends OutboundLimits {
  /** A full stream that nobody takes from, and a connection that nobody reads, is ended after so long. */
  readonly stallMs: number
  readonly unreadMs: number
  readonly streamsMax: number
}

export const HTTP_EDITOR_LIMITS: HttpEditorLimits = {
  ...OUTBOUND_LIMITS,
  stallMs: 10_000,
  unreadMs: 60_000,
  streamsMax: 256,
}

/** Name of the stream that belongs to no session. */
const CONNECTION = ''

export class HttpEditor implements EditorTransport {
  readonly id: string
  readonly #limits: HttpEditorLimits
  readonly #closed: () => void
  readonly #streams = new Map<string, OutboundStream>()
  /** Session of each request that is not answered: of the editor, and of ours. */
  readonly #routes = new Map<Json, string>()
  readonly #asked = new Map<Json, string>()
  readonly #waiting: (() => void)[] = []
  #first: ((line: string) => void) | undefined
  #stall: NodeJS.Timeout | undefined
  #readAt = Date.now()
  #isOver = false

  constructor(id: string, limits: HttpEditorLimits, closed: () => void) {
    this.id = id
    this.#limits = limits
    this.#closed = closed
  }

  /** The next message that goes out is the answer to `initialize`, and goes to its caller. */
  takeFirst(): Promise<string> {
    return new Promise((resolve) => (this.#first = resolve))
  }

  /** Remembers where the answer to a message of the editor goes. */
  expect({ id, method }: JsonObject, sessionId: string | undefined): void {
    if (id === undefined) return
    if (method === undefined) this.#asked.delete(id)
    else this.#routes.set(id, sessionId ?? CONNECTION)
  }

  /** The session that a message is about, by its params or by the request that it answers; undefined for none. */
  sessionOf({ id, method, params }: JsonObject): string | undefined {
    if (method === undefined && id !== undefined) return this.#asked.get(id)
    const sessionId = isJsonObject(params) ? params['sessionId'] : undefined
    return typeof sessionId === 'string' ? sessionId : undefined
  }

  send(line: string): void {
    if (this.#isOver) return
    if (this.#first !== undefined) {
      this.#first(line)
      this.#first = undefined
      return
    }
    const stream = this.#streamOf(this.#routeOf(JSON.parse(line) as JsonObject))
    stream.push(line)
    if (stream.isOverfull) this.close('slow')
  }

  /** The stream of a session, or without one that of the connection. */
  stream(sessionId: string | undefined): OutboundStream {
    return this.#streamOf(sessionId ?? CONNECTION)
  }

  hasRoomFor(sessionId: string | undefined): boolean {
    return this.#streams.has(sessionId ?? CONNECTION) || this.#streams.size < this.#limits.streamsMax
  }

  room(): Promise<void> | undefined {
    if (this.#isOver || !this.#isFull()) return undefined
    this.#stall ??= setTimeout(() => this.close('slow'), this.#limits.stallMs)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  close(_reason: CloseReason): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const stream of this.#streams.values()) stream.close()
    this.#wake()
    this.#closed()
  }

  /** Ends a connection whose streams nobody has read for too long; keeps the others awake. */
  beat(): void {
    const isRead = [...this.#streams.values()].some(({ hasReader }) => hasReader)
    if (isRead) this.#readAt = Date.now()
    else if (Date.now() - this.#readAt > this.#limits.unreadMs) return this.close('slow')
    for (const stream of this.#streams.values()) stream.beat()
  }

  /** Where a message of ours goes: answers where they were asked, everything else to its session. */
  #routeOf(message: JsonObject): string {
    const { id, method, params } = message
    if (method === undefined) {
      const route = this.#routes.get(id ?? null) ?? CONNECTION
      this.#routes.delete(id ?? null)
      return route
    }
    const about = isJsonObject(params)
      ? (params['sessionId'] ?? this.#asked.get(params['requestId'] ?? null))
      : undefined
    const route = typeof about === 'string' ? about : CONNECTION
    if (id !== undefined) this.#asked.set(id, route)
    return route
  }

  #streamOf(name: string): OutboundStream {
    const known = this.#streams.get(name)
    if (known !== undefined) return known
    const stream = new OutboundStream(this.#limits, () => this.#changed())
    this.#streams.set(name, stream)
    return stream
  }

  #isFull(): boolean {
    return [...this.#streams.values()].some(({ isFull }) => isFull)
  }

  #changed(): void {
    if (this.#waiting.length > 0 && !this.#isFull()) this.#wake()
  }

  #wake(): void {
    clearTimeout(this.#stall)
    this.#stall = undefined
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
