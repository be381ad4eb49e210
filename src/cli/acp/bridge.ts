// Between an editor on stdio and the gateway on a connection that may be lost and come back. What the editor asks is asked until it is
// answered; what it was told it is not told again. Modes: down -> opening (handshake and sessions again) -> up -> down. Owns no I/O.

import { randomUUID } from 'node:crypto'

import type { JsonObject } from '../../base/json.ts'
import { isJsonObject } from '../../base/json.ts'
import { AskedPermissions } from './asked-permissions.ts'
import {
  errorLine,
  INTERNAL_ERROR,
  INVALID_REQUEST,
  lineWithMeta,
  metaOf,
  notificationLine,
  readMessage,
  requestLine,
  sessionOf,
  withMeta,
} from './message.ts'
import type { Message, MessageId } from './message.ts'
import { OpenSessions } from './open-sessions.ts'

type Request = Extract<Message, { kind: 'request' }>
type Pending = Request & { readonly line: string }
type Answer = Extract<Message, { kind: 'answer' }>

export interface BridgePorts {
  /** One line without terminator. */
  toEditor(line: string): void
}

export interface Connection {
  send(line: string): void
  /** Ends it at once. */
  cut(): void
}

type Link =
  | { readonly kind: 'down' }
  /** `waitsFor`: answers to requests of our own, or to the handshake of the editor. */
  | {
      readonly kind: 'opening'
      readonly send: (line: string) => void
      readonly cut: () => void
      readonly waitsFor: Map<MessageId, (answer: Answer) => void>
    }
  | { readonly kind: 'up'; readonly send: (line: string) => void }

export class Bridge {
  readonly #ports: BridgePorts
  readonly #client = randomUUID()
  readonly #sessions = new OpenSessions()
  readonly #asked = new AskedPermissions()
  /** Of the editor, not answered, in their order. */
  readonly #pending = new Map<MessageId, Pending>()
  /** Notifications for a gateway that is not there. */
  #waiting: string[] = []
  #handshake: JsonObject | undefined
  #isInitialized = false
  #link: Link = { kind: 'down' }
  #count = 0

  constructor(ports: BridgePorts) {
    this.#ports = ports
  }

  /** Requests that wait for an answer; `withPrompts` false: only those that are answered soon. */
  pendingCount(withPrompts: boolean): number {
    return [...this.#pending.values()].filter(({ method }) => withPrompts || method !== 'session/prompt').length
  }

  fromEditor(given: string): void {
    const line = given.startsWith(BYTE_ORDER_MARK) ? given.slice(1) : given
    const message = readMessage(line)
    switch (message.kind) {
      case 'junk':
        return this.#ports.toEditor(errorLine(null, { code: message.code, message: message.text }))
      case 'request':
        return this.#onRequest(message, line)
      case 'notification':
        return this.#link.kind === 'up' ? this.#link.send(line) : void this.#waiting.push(line)
      case 'answer':
        if (this.#asked.answer(message.id, line, this.#link.kind === 'up')) this.#send(line)
        return
      default:
        return message satisfies never
    }
  }

  fromGateway(line: string): void {
    const message = readMessage(line)
    switch (message.kind) {
      case 'request':
        return this.#onAsked(message, line)
      case 'notification':
        if (message.method !== 'session/update' || this.#sessions.isNew(message.params)) this.#ports.toEditor(line)
        return
      case 'answer':
        return this.#onAnswer(message, line)
      case 'junk':
        return
      default:
        return message satisfies never
    }
  }

  /** A connection is there: what was open is opened again before anything else. */
  connected({ send, cut }: Connection): void {
    this.#link = { kind: 'opening', send, cut, waitsFor: new Map() }
    if (this.#handshake === undefined || !this.#isInitialized) return this.#goUp()
    // A gateway that cannot even do this is of no use: the next connection may find a better one.
    this.#ask('initialize', this.#handshake, ({ error }) => (error === undefined ? this.#reopen() : this.#cut()))
  }

  disconnected(): void {
    this.#link = { kind: 'down' }
    this.#failExtensions()
  }

  /** What a method of an agent does is not known here: asked twice it might be done twice. */
  #failExtensions(): void {
    const error = { code: INTERNAL_ERROR, message: 'The connection to the gateway was lost.', data: LOST }
    for (const [id, { method }] of this.#pending) {
      if (!method.startsWith('_')) continue
      this.#pending.delete(id)
      this.#ports.toEditor(errorLine(id, error))
    }
  }

  /** The gateway does not come back: whoever waits is told. What was accepted goes on without us. */
  giveUp(reason: string): void {
    const error = { code: INTERNAL_ERROR, message: reason, data: LOST }
    for (const id of this.#pending.keys()) this.#ports.toEditor(errorLine(id, error))
    this.#pending.clear()
    this.#waiting = []
  }

  #onRequest(request: Request, line: string): void {
    const { id, method, params } = request
    if (this.#pending.has(id)) {
      const message = 'Invalid request: a request with this id is not answered yet'
      return this.#ports.toEditor(errorLine(id, { code: INVALID_REQUEST, message }))
    }
    const pending = this.#prepare(request, line)
    if (pending === undefined) {
      const message = 'Invalid request: nested too deeply'
      return this.#ports.toEditor(errorLine(id, { code: INVALID_REQUEST, message }))
    }
    if (method === 'initialize' && !this.#isInitialized) this.#handshake = pending.params
    if (method === 'session/load') this.#sessions.restart(sessionOf(params) ?? '')
    this.#pending.set(id, pending)
    if (this.#link.kind === 'up') this.#link.send(pending.line)
  }

  /** Undefined for what can be read but not be written again: its depth is beyond the stack. */
  #prepare(request: Request, given: string): Pending | undefined {
    const { id, method } = request
    const params = this.#mark(method, request.params)
    try {
      const key = KEYED.has(method) ? metaOf(params)[KEY] : undefined
      // What the editor says to its agent in `_meta` stays as it wrote it (C-79).
      const isExact = key !== undefined && given.includes('"_meta"')
      const line = isExact ? lineWithMeta(given, KEY, key) : requestLine(id, method, params)
      return { ...request, params, line }
    } catch (error) {
      if (error instanceof RangeError) return undefined
      throw error
    }
  }

  /** So that the gateway knows the editor again, and a prompt or a new session that is asked for twice is one. */
  #mark(method: string, params: JsonObject): JsonObject {
    if (method === 'initialize') return withMeta(params, 'holdfast/client', this.#client)
    const hasKey = metaOf(params)[KEY] !== undefined
    if (!KEYED.has(method) || hasKey) return params
    this.#count += 1
    return withMeta(params, KEY, `${this.#client}.${this.#count}`)
  }

  #onAsked({ id, params }: Request, line: string): void {
    const again = this.#asked.ask(id, sessionOf(params))
    if (again.kind === 'new') this.#ports.toEditor(line)
    if (again.kind === 'answered') this.#send(again.line)
  }

  #onAnswer(answer: Answer, line: string): void {
    const { id } = answer
    if (this.#link.kind === 'opening') {
      const own = this.#link.waitsFor.get(id)
      if (own !== undefined) {
        this.#link.waitsFor.delete(id)
        own(answer)
        return this.#goUpWhenOpen()
      }
    }
    const request = this.#pending.get(id)
    if (request === undefined || isDraining(answer)) return // it is asked again by the next connection
    this.#pending.delete(id)
    if (answer.error === undefined) this.#note(request, answer.result)
    this.#ports.toEditor(line)
  }

  #note({ method, params }: Request, result: JsonObject): void {
    const id = sessionOf(result) ?? sessionOf(params)
    if (method === 'initialize') this.#isInitialized = true
    else if (id === undefined) return
    else if (OPENS.has(method) || MAKES.has(method)) this.#sessions.opened(id, result)
    else if (ENDS.has(method)) this.#sessions.forget(id)
  }

  /** After the handshake: each session from where the editor is. One that is being loaded is opened by that. */
  #reopen(): void {
    const loading = new Set(
      [...this.#pending.values()].flatMap(({ method, params }) => (OPENS.has(method) ? [sessionOf(params)] : [])),
    )
    for (const id of this.#sessions.ids) if (!loading.has(id)) this.#resume(id, this.#sessions.after(id))
  }

  #resume(sessionId: string, after: number | undefined): void {
    const params = after === undefined ? { sessionId } : withMeta({ sessionId }, 'holdfast/after', after)
    // Without the MCP servers that the editor gave: what is not said stays.
    this.#ask('session/resume', params, ({ error, result }) => {
      if (error === undefined) this.#withdraw(sessionId, result)
      // The log is not the one that it was: on from where it is now.
      else if (after !== undefined && error['code'] === INVALID_PARAMS) this.#resume(sessionId, undefined)
      else this.#sessions.forget(sessionId)
    })
  }

  #withdraw(sessionId: string, result: JsonObject): void {
    const open = metaOf(result)['holdfast/permissions']
    for (const requestId of this.#asked.withdraw(sessionId, Array.isArray(open) ? open : [])) {
      this.#ports.toEditor(notificationLine('$/cancel_request', { requestId }))
    }
  }

  #ask(method: string, params: JsonObject, answered: (answer: Answer) => void): void {
    if (this.#link.kind !== 'opening') return
    const id = `bridge-${this.#client}-${(this.#count += 1)}`
    this.#link.waitsFor.set(id, answered)
    this.#link.send(requestLine(id, method, params))
  }

  #cut(): void {
    if (this.#link.kind === 'opening') this.#link.cut()
    this.disconnected()
  }

  #goUpWhenOpen(): void {
    if (this.#link.kind === 'opening' && this.#link.waitsFor.size === 0) this.#goUp()
  }

  #goUp(): void {
    if (this.#link.kind !== 'opening') return
    const { send } = this.#link
    this.#link = { kind: 'up', send }
    for (const { line } of this.#pending.values()) send(line)
    for (const line of this.#waiting.splice(0)) send(line)
  }

  #send(line: string): void {
    if (this.#link.kind !== 'down') this.#link.send(line)
  }
}

const KEY = 'holdfast/idempotencyKey'
const LOST = { code: 'GATEWAY_UNREACHABLE', retryable: true }
const INVALID_PARAMS = -32602
/** Before the first message of some editors. */
const BYTE_ORDER_MARK = '\ufeff'
/** The session that they name; new and fork make one. */
const OPENS: ReadonlySet<string> = new Set(['session/load', 'session/resume'])
const MAKES: ReadonlySet<string> = new Set(['session/new', 'session/fork'])
/** What would be done again each time that it is sent. */
const KEYED: ReadonlySet<string> = new Set(['session/prompt', ...MAKES])
const ENDS: ReadonlySet<string> = new Set(['session/close', 'session/delete'])

/** Refused only because the gateway is about to end. */
function isDraining({ error }: Answer): boolean {
  const data = error?.['data']
  return isJsonObject(data) && data['code'] === 'GATEWAY_DRAINING'
}
