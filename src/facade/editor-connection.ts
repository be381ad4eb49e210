// One editor: its handshake, its requests, the sessions that it has open. Owns the peer and the attachments; when it goes, nothing
// that was accepted goes with it (F-49). Modes: before a successful `initialize`, then open, then closed.

import { JsonRpcPeer } from '../acp/peer.ts'
import type { IncomingNotification, IncomingRequest, RpcId } from '../acp/peer.ts'
import { CANCEL_REQUEST, RPC_CODES } from '../acp/rpc.ts'
import { CancelledError, isHoldfastError } from '../base/errors.ts'
import type { ElicitationId, PermissionId, SessionId, TurnId } from '../base/ids.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { AttachedSession, EditorPorts } from './attached-session.ts'
import { callAgent } from './extension.ts'
import { initializeResult, readInitialize } from './initialize.ts'
import type { EditorFacts, PromptContent } from './initialize.ts'
import { lastKnown } from './last-known.ts'
import { asSeenBy, loginMethods } from './login.ts'
import { NOTIFICATIONS, REQUESTS } from './methods.ts'
import type { Editor, Outcome } from './methods.ts'
import { OpenSessions } from './open-sessions.ts'
import type { CloseReason, ConnectionOrigin, ConnectionWishes, EditorTransport, FacadePorts } from './ports.ts'
import { errorBody, Refusal } from './rpc-errors.ts'

export interface ConnectionParts extends ConnectionOrigin {
  readonly transport: EditorTransport
  readonly wishes: ConnectionWishes
  closed(): void
  /** The same session in other editors. */
  others(id: SessionId): readonly AttachedSession[]
}

const IN_FLIGHT_MAX = 256

export class EditorConnection {
  readonly sessions = new OpenSessions()
  readonly #ports: FacadePorts
  readonly #parts: ConnectionParts
  readonly #peer: JsonRpcPeer
  readonly #prompts = new Map<RpcId, { readonly sessionId: SessionId; turn: TurnId | undefined }>()
  #editor: Editor | undefined
  /** Settles when the handshake that is under way is over; what comes meanwhile waits for it. */
  #handshake: Promise<void> | undefined
  #isClosed = false

  constructor(ports: FacadePorts, parts: ConnectionParts) {
    this.#ports = ports
    this.#parts = parts
    this.#peer = new JsonRpcPeer({
      role: 'agent',
      send: (line) => parts.transport.send(line),
      limits: { inFlightMax: IN_FLIGHT_MAX },
      handlers: {
        request: (message) => void this.#answer(message),
        notification: (message) => this.#notified(message),
        warning: ({ kind, count }) => ports.logger.debug({ kind, count }, 'editor said something odd'),
      },
    })
  }

  /** One message of the editor. Never throws. */
  receive(line: string): void {
    this.#peer.receive(line)
  }

  /** We end it. */
  end(reason: CloseReason): void {
    this.#parts.transport.close(reason)
    this.close()
  }

  /** The editor has gone. Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#peer.close(new CancelledError('the connection of the editor'))
    this.sessions[Symbol.dispose]()
    this.#parts.closed()
  }

  async #answer(request: IncomingRequest): Promise<void> {
    const { id, method, params } = request
    try {
      const outcome = await this.#run(request)
      if (outcome.kind === 'later') return
      this.#peer.respond(id, outcome.result)
      outcome.answered?.()
    } catch (error) {
      const isExpected = error instanceof Refusal || (isHoldfastError(error) && error.code !== 'INTERNAL')
      if (!isExpected) this.#ports.logger.error({ method, err: error }, 'request of an editor failed')
      const body = errorBody(error, params['sessionId'])
      this.#peer.respondError(id, this.#editor === undefined ? body : asSeenBy(this.#editor.facts, body))
    }
  }

  async #run({ method, params, id, raw }: IncomingRequest): Promise<Outcome> {
    if (method === 'initialize') return this.#initialize(params)
    if (this.#handshake !== undefined) await this.#handshake
    if (this.#editor === undefined) throw new Refusal(RPC_CODES.invalidRequest, 'Invalid request: not initialized')
    const run = Object.hasOwn(REQUESTS, method) ? REQUESTS[method] : undefined
    if (run === undefined) return callAgent(this.#editor, method, params)
    return run(this.#editor, params, { id, raw })
  }

  async #initialize(params: JsonObject): Promise<Outcome> {
    if (this.#editor !== undefined || this.#handshake !== undefined)
      throw new Refusal(RPC_CODES.invalidRequest, 'Invalid request: initialized already')
    const facts = readInitialize(params)
    const handshake = Promise.withResolvers<void>()
    this.#handshake = handshake.promise
    try {
      const { content, reach } = await lastKnown(this.#ports, this.#parts.wishes.agent)
      this.#editor = this.#createEditor(facts, content, reach.fork)
      return { kind: 'answer', result: initializeResult(this.#ports.version, content, reach, loginMethods(facts)) }
    } finally {
      this.#handshake = undefined
      handshake.resolve()
    }
  }

  #notified({ method, params }: IncomingNotification): void {
    const editor = this.#editor
    if (editor === undefined) return
    const run = Object.hasOwn(NOTIFICATIONS, method) ? NOTIFICATIONS[method] : undefined
    const work = method === CANCEL_REQUEST ? this.#cancelRequest(params['requestId']) : run?.(editor, params)
    // F-40: a cancel that finds nothing is no failure.
    work?.catch((err: unknown) => this.#ports.logger.debug({ method, err }, 'notification of an editor had no effect'))
  }

  /** F-42: of a prompt; anything else is answered soon anyway. */
  async #cancelRequest(requestId: Json | undefined): Promise<void> {
    const prompt = this.#prompts.get(requestId as RpcId)
    if (prompt === undefined) return
    await this.sessions.get(prompt.sessionId)?.accepted()
    if (prompt.turn !== undefined) await this.#ports.service.cancel(prompt.sessionId, prompt.turn)
  }

  #createEditor(facts: EditorFacts, content: PromptContent, forks: boolean): Editor {
    const ports: EditorPorts = {
      ...this.#ports,
      peer: this.#peer,
      transport: this.#parts.transport,
      facts,
      requestId: (asked) => this.#requestId(asked),
      failed: (err) => this.#failed(err),
    }
    const { wishes, isSameUser, others } = this.#parts
    return { ...ports, content, forks, wishes, isSameUser, sessions: this.sessions, prompts: this.#prompts, others }
  }

  /** The id of what is asked; while the editor owes an answer to that (it has opened the session again) another one. */
  #requestId(asked: PermissionId | ElicitationId): string {
    let id: string = asked
    for (let count = 2; this.#peer.isPending(id); count += 1) id = `${asked}.${count}`
    return id
  }

  #failed(err: unknown): void {
    if (this.#isClosed) return
    this.#ports.logger.error({ err }, 'session of an editor cannot be told')
    this.end('failed')
  }
}
