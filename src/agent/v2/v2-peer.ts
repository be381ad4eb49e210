// The agent side of a connection that speaks ACP v2, used as if it spoke v1: requests go out in v2's shape, answers, updates and
// permission requests come in as v1's. The prompt is answered when its turn is over. What differs: docs/acp-v2.md.

import { JsonRpcPeer } from '../../acp/peer.ts'
import type { RequestOptions } from '../../acp/peer.ts'
import type { IncomingNotification, IncomingRequest, RpcErrorBody, RpcId, RpcResult } from '../../acp/peer.ts'
import type { OnResult } from '../../acp/pending-answers.ts'
import { RPC_CODES, RpcError } from '../../acp/rpc.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import type { AgentPeer, PeerPorts } from '../link/agent-peer.ts'
import { toV2Setting, withV1Options } from './config-options.ts'
import { Conversation } from './conversation.ts'
import type { ForegroundEnd } from './foreground-turn.ts'
import { askedInV1 } from './permission-request.ts'

/** What the rows say of a session that an earlier life has worked with. */
export interface EarlierSession {
  readonly sessionId: string
  /** Lines up to this one were dealt with. */
  readonly line: number
  /** What was told of the turn that is out, in order, as JSON text. */
  readonly updates: readonly string[]
}

interface OutTurn {
  readonly conversation: Conversation
  readonly onResult: OnResult
}

const RENAMED: Readonly<Record<string, string>> = { authenticate: 'auth/login', logout: 'auth/logout' }

/** An agent works for one session of ours; what it says of more than a few is not understood. */
const CONVERSATIONS_MAX = 8

export class V2Peer implements AgentPeer {
  /** The state has to be said there. */
  readonly reportsEarly = true
  readonly #ports: PeerPorts
  readonly #inner: JsonRpcPeer
  readonly #conversations = new Map<string, Conversation>()
  readonly #earlier: EarlierSession | undefined
  #out: OutTurn | undefined
  #isReplaying = false
  #line: number | undefined

  constructor(ports: PeerPorts, earlier?: EarlierSession) {
    this.#ports = ports
    this.#earlier = earlier
    this.#inner = new JsonRpcPeer({
      ...ports,
      handlers: {
        ...ports.handlers,
        request: (message) => this.#onRequest(message),
        notification: (message) => this.#onNotification(message),
      },
    })
    if (earlier === undefined) return
    const conversation = this.#conversationOf(earlier.sessionId)
    for (const text of earlier.updates) conversation?.remember(JSON.parse(text) as JsonObject)
  }

  request(method: string, params: JsonObject, onResult: OnResult, options?: RequestOptions): string | number {
    switch (method) {
      case 'session/prompt':
        return this.#prompt(params, onResult, options)
      case 'session/load':
        this.#isReplaying = true
        return this.#open('session/resume', { ...withV2Servers(params), replayFrom: { type: 'start' } }, onResult)
      case 'session/new':
      case 'session/resume':
      case 'session/fork':
        return this.#open(method, withV2Servers(params), onResult)
      case 'session/set_config_option':
        return this.#inner.request(method, toV2Setting(params), (result) => onResult(inV1(result)))
      default:
        return this.#inner.request(RENAMED[method] ?? method, params, onResult, options)
    }
  }

  /** A prompt that was inserted is answered, and cannot be cancelled like this any more. */
  cancelRequest(id: string | number): void {
    this.#inner.cancelRequest(id)
  }

  notify(method: string, params: JsonObject): void {
    if (method === 'session/cancel') this.#out?.conversation.turn.cancelled()
    this.#inner.notify(method, params)
  }

  respond(id: RpcId, result: Json): void {
    this.#inner.respond(id, result)
  }

  respondError(id: RpcId, error: RpcErrorBody): void {
    this.#inner.respondError(id, error)
  }

  /** The prompt of an earlier life: its answer may have been read there, and the end of its turn was not. */
  expect(id: string, onResult: OnResult): void {
    const conversation = this.#earlier && this.#conversationOf(this.#earlier.sessionId)
    if (conversation === undefined) return this.#inner.expect(id, onResult)
    conversation.resumeTurn()
    const out = { conversation, onResult }
    this.#out = out
    this.#inner.expect(id, (result) => this.#onPromptAnswer(out, result))
  }

  restore(id: RpcId, line: number): void {
    this.#inner.restore(id, line)
  }

  receive(line: string, number?: number): void {
    this.#line = number
    this.#inner.receive(line, number)
  }

  note(kind: 'not_utf8', line: string): void {
    this.#inner.note(kind, line)
  }

  close(error: Error): void {
    this.#inner.close(error)
  }

  // What goes out -----------------------------------------------------------------------------------------------------

  #prompt(params: JsonObject, onResult: OnResult, options?: RequestOptions): string | number {
    const conversation = this.#conversationOf(params['sessionId'])
    if (conversation === undefined) return this.#inner.request('session/prompt', params, onResult, options)
    conversation.startTurn()
    const out = { conversation, onResult }
    this.#out = out
    const answered = (result: RpcResult): void => this.#onPromptAnswer(out, result)
    return this.#inner.request('session/prompt', params, answered, options)
  }

  #open(method: string, params: JsonObject, onResult: OnResult): string | number {
    return this.#inner.request(method, params, (result) => {
      this.#isReplaying = false
      onResult(inV1(result))
      this.#tellCommands(params, result)
    })
  }

  /** v2 says them with the answer, v1 right after it. */
  #tellCommands(params: JsonObject, result: RpcResult): void {
    if (result.kind !== 'result' || !isJsonObject(result.result)) return
    const { availableCommands, sessionId = params['sessionId'] } = result.result
    if (!Array.isArray(availableCommands) || availableCommands.length === 0) return
    this.#tell(sessionId, { sessionUpdate: 'available_commands_update', availableCommands })
  }

  // What comes in -----------------------------------------------------------------------------------------------------

  /** The answer may come after the end of its turn, and in another one. */
  #onPromptAnswer(out: OutTurn, result: RpcResult): void {
    if (this.#out !== out) return
    const { conversation } = out
    if (result.kind === 'result') {
      const messageId = isJsonObject(result.result) ? result.result['messageId'] : undefined
      return this.#end(conversation.inserted(messageId))
    }
    conversation.turn.dropped()
    const isCancelled = result.kind === 'error' && result.error.code === RPC_CODES.requestCancelled
    this.#answer(isCancelled ? stopped('cancelled') : result)
  }

  #end(end: ForegroundEnd | undefined): void {
    if (end === undefined) return
    this.#answer(
      end.kind === 'stopped'
        ? stopped(end.stopReason, end.usage)
        : { kind: 'error', error: new RpcError(end.error, end.raw) },
    )
  }

  #answer(result: RpcResult): void {
    const out = this.#out
    this.#out = undefined
    out?.onResult(result)
  }

  #onNotification(message: IncomingNotification): void {
    const { update, sessionId } = message.params
    const conversation = this.#conversationOf(sessionId)
    if (message.method !== 'session/update' || conversation === undefined || !isJsonObject(update))
      return this.#ports.handlers.notification(message)
    if (this.#isStored) return
    const { updates, end } = conversation.hear(update, this.#isReplaying)
    if (end === undefined && updates.length === 1 && updates[0] === update)
      return this.#ports.handlers.notification(message)
    const isEnd = end !== undefined && this.#out?.conversation === conversation
    if (updates.length === 0) this.#ports.alive()
    const last = isEnd ? undefined : updates.at(-1)
    this.#ports.inPart(() => {
      for (const one of updates) if (one !== last) this.#tell(sessionId, one)
    })
    if (last !== undefined) this.#tell(sessionId, last)
    if (isEnd) this.#end(end)
  }

  #onRequest(request: IncomingRequest): void {
    const { id, method, params } = request
    // v2 has none of them, whatever the definition of the agent offers to v1.
    if (/^(?:fs|terminal)\//.test(method)) return this.#unknown(id, method)
    const conversation = this.#conversationOf(params['sessionId'])
    if (method !== 'session/request_permission' || conversation === undefined)
      return this.#ports.handlers.request(request)
    const asked = askedInV1(id, params, conversation.tools)
    this.#ports.inPart(() => {
      if (!this.#isStored) for (const update of asked.updates) this.#tell(params['sessionId'], update)
    })
    this.#ports.handlers.request({ ...request, params: asked.params })
  }

  #unknown(id: RpcId, method: string): void {
    const message = `Method not found: ${method.slice(0, 100)}`
    this.#inner.respondError(id, { code: RPC_CODES.methodNotFound, message })
  }

  #tell(sessionId: Json | undefined, update: JsonObject): void {
    const params = { sessionId: sessionId ?? null, update }
    this.#ports.handlers.notification({ method: 'session/update', params, raw: '', isPlain: false })
  }

  /** The line was dealt with by an earlier life, and what it told is remembered from the rows. */
  get #isStored(): boolean {
    return this.#earlier !== undefined && this.#line !== undefined && this.#line <= this.#earlier.line
  }

  #conversationOf(sessionId: Json | undefined): Conversation | undefined {
    if (typeof sessionId !== 'string') return undefined
    const known = this.#conversations.get(sessionId)
    if (known !== undefined || this.#conversations.size >= CONVERSATIONS_MAX) return known
    const made = new Conversation()
    this.#conversations.set(sessionId, made)
    return made
  }
}

function stopped(stopReason: string, usage?: JsonObject): RpcResult {
  return { kind: 'result', result: { stopReason, ...(usage !== undefined && { usage }) } }
}

/** Every MCP server says its type. */
function withV2Servers(params: JsonObject): JsonObject {
  const { mcpServers } = params
  if (!Array.isArray(mcpServers)) return params
  return { ...params, mcpServers: mcpServers.map((one) => (isJsonObject(one) ? { type: 'stdio', ...one } : one)) }
}

/** The answer to new, resume, fork or a setting. */
function inV1(result: RpcResult): RpcResult {
  if (result.kind !== 'result' || !isJsonObject(result.result)) return result
  return { kind: 'result', result: withV1Options(result.result) }
}
