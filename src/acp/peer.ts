// One side of a JSON-RPC 2.0 conversation over lines, as ACP speaks it; both roles use it, over any transport.
// Owns ids, pending answers and open requests of the connection. Never reads, never waits, never reorders.

import { assert } from '../base/assert.ts'
import { deadline } from '../base/deadline.ts'
import type { DeadlineOptions } from '../base/deadline.ts'
import { CancelledError } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { decodeMessage } from './decode-message.ts'
import type { Decoded } from './decode-message.ts'
import { encodeError, encodeNotification, encodeRequest, encodeResult } from './encode-message.ts'
import { PendingAnswers } from './pending-answers.ts'
import type { OnResult } from './pending-answers.ts'
import { CANCEL_REQUEST, RPC_CODES, RpcError } from './rpc.ts'
import type { IncomingNotification, IncomingRequest, PeerWarning, RpcErrorBody, RpcId, WarningKind } from './rpc.ts'
import { Warnings } from './warnings.ts'

export type { IncomingNotification, IncomingRequest, PeerWarning, RpcErrorBody, RpcId, RpcResult } from './rpc.ts'

/** Called in wire order, from inside `receive`. A handler that throws is reported as `handler_failed`. */
export interface PeerHandlers {
  /** Must lead to exactly one `respond` or `respondError`, now or later. */
  request(message: IncomingRequest): void
  /** Includes `$/cancel_request`; other `$/` notifications are ignored (C-52). */
  notification(message: IncomingNotification): void
  /** Must not throw. A flood of one kind is thinned out, `count` says how many there were. */
  warning(warning: PeerWarning): void
}

export interface PeerLimits {
  /** Requests of the other side that are not answered yet; more are refused. */
  readonly inFlightMax: number
  /** Requests of ours that are not answered yet; more fail at once. */
  readonly pendingMax: number
  /** Levels of nesting in a message; deeper ones could not be written again. */
  readonly depthMax: number
}

export interface PeerOptions {
  /** `client`: rubbish on the line is never answered. `agent`: it is answered with id null. */
  readonly role: 'client' | 'agent'
  /** Takes one line without terminator, in call order. `frameId` names a request that waits for an answer, or an answer. */
  readonly send: (line: string, frameId?: string) => void
  readonly handlers: PeerHandlers
  readonly limits?: Partial<PeerLimits>
  /** Makes the ids of our requests strings that begin with it; without it they are numbers. For a connection that goes on from an earlier one. */
  readonly idPrefix?: string
}

type DecodedNotification = Extract<Decoded, { kind: 'notification' }>

const LIMITS: PeerLimits = { inFlightMax: 64, pendingMax: 256, depthMax: 1_000 }

export interface RequestOptions {
  readonly id?: string
  /** JSON text that is sent as `_meta`, exactly. */
  readonly meta?: string | undefined
}

/** Modes: open, then closed for ever by `close`; a closed peer ignores what it receives and sends nothing. */
export class JsonRpcPeer {
  readonly #role: PeerOptions['role']
  readonly #send: PeerOptions['send']
  readonly #handlers: PeerHandlers
  readonly #limits: PeerLimits
  readonly #warnings: Warnings
  readonly #pending: PendingAnswers
  /** Requests of the other side that are not answered yet, with the line that each came on. */
  readonly #inFlight = new Map<RpcId, number | undefined>()
  readonly #idPrefix: string | undefined
  #lastId = -1
  #line: number | undefined
  #closedBy: Error | undefined

  constructor({ role, send, handlers, limits, idPrefix }: PeerOptions) {
    this.#role = role
    this.#send = send
    this.#handlers = handlers
    this.#limits = { ...LIMITS, ...limits }
    this.#idPrefix = idPrefix
    this.#warnings = new Warnings((warning) => handlers.warning(warning))
    this.#pending = new PendingAnswers(this.#limits.pendingMax)
  }

  /** Something odd about a line that whoever carries the lines has seen; counted and told like what is odd in it. */
  note(kind: 'not_utf8', line: string): void {
    if (this.#closedBy === undefined) this.#warnings.add(kind, line)
  }

  /** How many lines of one kind of oddity this connection has had. */
  countOf(kind: WarningKind): number {
    return this.#warnings.countOf(kind)
  }

  /**
   * Judges and delivers one line, synchronously: the order of requests, notifications and answers is the wire's (X-39, C-39).
   * Never throws, whatever the line holds. `number`: of the line in its stream; the answer to a request on it is the frame
   * `a<number>`, so that whoever carries the lines can write it once however often the line is read.
   */
  receive(line: string, number?: number): void {
    if (this.#closedBy !== undefined) return
    this.#line = number
    const message = decodeMessage(line, this.#limits.depthMax)
    if (message.warning !== undefined) this.#warnings.add(message.warning, line)
    this.#deliver(message, line)
  }

  /**
   * Asks the other side. `onResult` is called exactly once: from inside `receive` or `close`, or in a microtask when the
   * request could not be sent (peer closed, or `pendingMax` requests wait). `options.id` must not be pending.
   */
  request(method: string, params: JsonObject, onResult: OnResult, options: RequestOptions = {}): string | number {
    const id = options.id ?? this.#nextId()
    const closedBy = this.#closedBy
    if (closedBy !== undefined) {
      queueMicrotask(() => onResult({ kind: 'closed', error: closedBy }))
      return id
    }
    assert(!this.#pending.has(id), 'the id of a request must not be pending')
    if (!this.#pending.add(id, onResult)) {
      const body = { code: RPC_CODES.internalError, message: 'Too many requests wait for an answer.' }
      queueMicrotask(() => onResult({ kind: 'error', error: new RpcError(body, null) }))
      return id
    }
    this.#send(encodeRequest(id, method, params, options.meta), String(id))
    return id
  }

  /**
   * Asks and waits, bounded. Rejects with RpcError (the other side's error), DEADLINE, CANCELLED, or the reason of `close`.
   * An answer that comes after the caller has given up is drained silently (C-53).
   */
  async call(method: string, params: JsonObject, options: DeadlineOptions): Promise<Json> {
    if (options.signal?.aborted) throw new CancelledError(options.stage)
    const { promise, resolve, reject } = Promise.withResolvers<Json>()
    const id = this.request(method, params, (answer) =>
      answer.kind === 'result' ? resolve(answer.result) : reject(answer.error),
    )
    try {
      return await deadline(promise, options)
    } finally {
      this.#pending.abandon(id)
    }
  }

  notify(method: string, params: JsonObject): void {
    if (this.#closedBy === undefined) this.#send(encodeNotification(method, params))
  }

  /** Waits for the answer to a request that an earlier connection has sent; as `request` from here on. `id` must not be pending. */
  expect(id: string, onResult: OnResult): void {
    assert(!this.#pending.has(id), 'the id of a request must not be pending')
    this.#pending.add(id, onResult)
  }

  /** Goes on with a request of the other side that came on `line` of an earlier connection and is not answered yet. */
  restore(id: RpcId, line: number): void {
    this.#inFlight.set(id, line)
  }

  /** Answers a request of the other side. Only the first answer to an id is sent; a later one is dropped. */
  respond(id: RpcId, result: Json): void {
    this.#settle(id, encodeResult(id, result))
  }

  /** As `respond`, with an error. */
  respondError(id: RpcId, error: RpcErrorBody): void {
    this.#settle(id, encodeError(id, error))
  }

  /** Whether a request of ours with this id waits for its answer. */
  isPending(id: string | number): boolean {
    return this.#pending.has(id)
  }

  /** Asks the other side to give up on a request of ours. It is still answered, exactly once (1.8.3). */
  cancelRequest(id: string | number): void {
    if (this.#pending.has(id)) this.notify(CANCEL_REQUEST, { requestId: id })
  }

  /** Fails everything that waits, in the order of the requests. The first reason wins; later calls change nothing. */
  close(error: Error): void {
    if (this.#closedBy !== undefined) return
    this.#closedBy = error
    this.#inFlight.clear()
    for (const onResult of this.#pending.takeAll()) this.#guard(() => onResult({ kind: 'closed', error }))
  }

  #deliver(message: Decoded, raw: string): void {
    switch (message.kind) {
      case 'notification':
        return this.#onNotification(message, raw)
      case 'response':
        return this.#onAnswer(message, raw)
      case 'request':
        return this.#onRequest({ id: message.id, method: message.method, params: message.params, raw })
      case 'ambiguous':
        return this.#onAmbiguous(message.id)
      case 'refused':
        return this.#sendError(message.id, message.code, message.message)
      case 'junk':
        return this.#role === 'agent' ? this.#sendError(null, message.code, message.message) : undefined
      case 'dropped':
        return
      default:
        return message satisfies never
    }
  }

  #onNotification({ method, params, isPlain }: DecodedNotification, raw: string): void {
    if (method.startsWith('$/') && method !== CANCEL_REQUEST) return
    this.#guard(() => this.#handlers.notification({ method, params, raw, isPlain }))
  }

  #onRequest(request: IncomingRequest): void {
    const { id, raw } = request
    const { invalidRequest, internalError } = RPC_CODES
    if (this.#inFlight.has(id)) {
      if (this.#line !== undefined && this.#inFlight.get(id) === this.#line) return // restored, and its line read again
      this.#warnings.add('duplicate_request', raw)
      return this.#sendError(id, invalidRequest, 'Invalid request: a request with this id is not answered yet')
    }
    if (this.#inFlight.size >= this.#limits.inFlightMax) {
      this.#warnings.add('too_many_requests', raw)
      return this.#sendError(id, internalError, 'Too many requests are not answered yet')
    }
    this.#inFlight.set(id, this.#line)
    // neither the text nor the stack of our exception is the other side's business.
    const failed = (): void => this.respondError(id, { code: internalError, message: 'Internal error' })
    this.#guard(() => this.#handlers.request(request), failed)
  }

  #onAnswer({ id, answer }: Extract<Decoded, { kind: 'response' }>, raw: string): void {
    // an error without an id is about something that was never a request; answering it could go on for ever.
    if (id === null) return this.#warnings.add('peer_error', raw)
    const taken = this.#pending.take(id)
    if (taken === undefined) return this.#warnings.add('unknown_answer', raw)
    if (taken.idTypeDiffers) this.#warnings.add('id_type_differs', raw)
    this.#guard(() => taken.onResult?.(answer))
  }

  /** X-17 when one of our requests has this id, else a request without a method. */
  #onAmbiguous(id: RpcId): void {
    const taken = id === null ? undefined : this.#pending.take(id)
    if (taken !== undefined) {
      const body = { code: RPC_CODES.internalError, message: 'The answer has neither a result nor an error.' }
      return this.#guard(() => taken.onResult?.({ kind: 'error', error: new RpcError(body, null) }))
    }
    if (this.#role === 'agent') this.#sendError(id, RPC_CODES.invalidRequest, 'Invalid request: no method')
  }

  #sendError(id: RpcId, code: number, message: string): void {
    this.#answer(encodeError(id, { code, message }), this.#line)
  }

  #settle(id: RpcId, answer: string): void {
    const line = this.#inFlight.get(id)
    if (this.#inFlight.delete(id)) this.#answer(answer, line)
  }

  #answer(answer: string, line: number | undefined): void {
    this.#send(answer, line === undefined ? undefined : answerFrame(line))
  }

  #nextId(): string | number {
    this.#lastId++
    return this.#idPrefix === undefined ? this.#lastId : `${this.#idPrefix}${this.#lastId}`
  }

  /** The reader goes on, whatever a handler does. */
  #guard(run: () => void, failed?: () => void): void {
    try {
      run()
    } catch (error) {
      this.#warnings.add('handler_failed', error instanceof Error ? error.message : String(error))
      failed?.()
    }
  }
}

/** Name of the answer to the request on `line`, the same in every life of the connection. */
export function answerFrame(line: number): string {
  return `a${line}`
}
