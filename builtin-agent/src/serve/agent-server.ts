// The agent side of one ACP connection: which request leads to what, and what it is answered.
// Never exits the process and never reads the environment; main.ts does.

import { type IncomingNotification, type IncomingRequest, JsonRpcPeer, type RpcId } from '../../../src/acp/peer.ts'
import { CANCEL_REQUEST, RPC_CODES } from '../../../src/acp/rpc.ts'
import { ignore } from '../../../src/base/deadline.ts'
import { CancelledError } from '../../../src/base/errors.ts'
import type { Json, JsonObject } from '../../../src/base/json.ts'
import { type Client, type ClientAbilities, narrowAbilities } from '../client/client.ts'
import { loadLibrary } from '../models/library.ts'
import { takesImages } from '../models/model-choice.ts'
import { readPrompt } from '../session/prompt-content.ts'
import type { Session } from '../session/session.ts'
import type { AgentSettings } from '../settings.ts'
import type { TranscriptStore } from '../transcript/port.ts'
import type { Diagnose } from '../transcript/diagnose.ts'
import { answerOf } from './answer-error.ts'
import { AUTH_METHOD, hasAccess, initializeResult, keyVariables } from './capabilities.ts'
import { listSessions } from './list-sessions.ts'
import { badParams, Refusal } from './refusal.ts'
import { readSurroundings, sessionIdOf } from './session-params.ts'
import { IS_RUNNING, type SessionTable } from './session-table.ts'

export interface AgentServerParts {
  /** Takes one line without terminator. */
  readonly send: (line: string) => void
  readonly store: TranscriptStore
  readonly sessions: SessionTable
  readonly settings: AgentSettings
  readonly version: string
  /** What nobody has foreseen; goes to stderr. */
  readonly diagnose: Diagnose
}

interface Answer {
  readonly result: Json
  /** What the client is told next. */
  readonly after?: () => void
}

type Handler = (params: JsonObject, id: RpcId) => Promise<Answer>

const IN_FLIGHT_MAX = 256

/** Modes: until `initialize` everything else is refused; closed for ever by `close`. */
export class AgentServer {
  readonly #parts: AgentServerParts
  readonly #peer: JsonRpcPeer
  readonly #handlers: ReadonlyMap<string, Handler>
  /** Prompts that run, by the id of their request. */
  readonly #prompts = new Map<RpcId, Session>()
  #abilities: ClientAbilities | undefined

  constructor(parts: AgentServerParts) {
    this.#parts = parts
    this.#handlers = this.#listHandlers()
    this.#peer = new JsonRpcPeer({
      role: 'agent',
      send: parts.send,
      limits: { inFlightMax: IN_FLIGHT_MAX },
      // Oddities of the client are answered by the peer where an answer is due.
      handlers: {
        request: (message) => void this.#answer(message),
        notification: (message) => this.#notified(message),
        warning: () => {},
      },
    })
  }

  receive(line: string): void {
    this.#peer.receive(line)
  }

  /** The client is gone: running turns end, open questions are void, transcripts are let go of. */
  async close(): Promise<void> {
    this.#parts.sessions.cancelAll()
    this.#peer.close(new CancelledError('connection'))
    await this.#parts.sessions.closeAll()
  }

  async #answer({ id, method, params }: IncomingRequest): Promise<void> {
    try {
      const handler = this.#handlers.get(method)
      if (handler === undefined) throw new Refusal(RPC_CODES.methodNotFound, `There is no method ${method}.`)
      if (this.#abilities === undefined && method !== 'initialize')
        throw new Refusal(RPC_CODES.invalidRequest, 'The first request must be initialize.')
      const { result, after } = await handler(params, id)
      this.#peer.respond(id, result)
      after?.()
    } catch (error) {
      const known = answerOf(error)
      if (known === undefined) this.#parts.diagnose('a request failed', { method, error: String(error) })
      this.#peer.respondError(id, known ?? { code: RPC_CODES.internalError, message: 'Internal error' })
    }
  }

  #notified({ method, params }: IncomingNotification): void {
    const { sessionId, requestId: id } = params
    if (method === 'session/cancel' && typeof sessionId === 'string') this.#parts.sessions.find(sessionId)?.cancel()
    if (method === CANCEL_REQUEST && (typeof id === 'string' || typeof id === 'number')) this.#prompts.get(id)?.cancel()
  }

  #listHandlers(): ReadonlyMap<string, Handler> {
    return new Map<string, Handler>([
      ['initialize', (params) => this.#initialize(params)],
      ['authenticate', (params) => this.#authenticate(params)],
      ['session/new', (params) => this.#new(params)],
      ['session/load', (params) => this.#load(params)],
      ['session/resume', (params) => this.#resume(params)],
      ['session/fork', (params) => this.#fork(params)],
      ['session/list', async (params) => ({ result: await listSessions(this.#parts.store, params) })],
      ['session/close', (params) => this.#close(params)],
      ['session/delete', (params) => this.#delete(params)],
      ['session/prompt', (params, id) => this.#prompt(params, id)],
      ['session/set_mode', (params) => this.#setMode(params)],
      ['session/set_config_option', (params) => this.#setOption(params)],
    ])
  }

  async #initialize({ protocolVersion, clientCapabilities }: JsonObject): Promise<Answer> {
    if (!Number.isSafeInteger(protocolVersion)) throw badParams('protocolVersion must be an integer')
    this.#abilities ??= narrowAbilities(clientCapabilities)
    return { result: initializeResult(this.#parts.version) }
  }

  async #authenticate({ methodId }: JsonObject): Promise<Answer> {
    if (methodId !== AUTH_METHOD) throw badParams(`There is no such method; there is ${AUTH_METHOD}.`)
    if (hasAccess(this.#parts.settings)) return { result: {} }
    throw new Refusal(RPC_CODES.authRequired, `The agent has no key. Start it with ${keyVariables()}.`)
  }

  async #new(params: JsonObject): Promise<Answer> {
    const session = await this.#parts.sessions.create(this.#client(), await readSurroundings(params))
    return { result: { sessionId: session.id, ...viewOf(session) }, after: () => welcome(session) }
  }

  async #load(params: JsonObject): Promise<Answer> {
    const session = await this.#reopen(params)
    await session.replay()
    return { result: viewOf(session), after: () => welcome(session) }
  }

  async #resume(params: JsonObject): Promise<Answer> {
    const session = await this.#reopen(params)
    return { result: viewOf(session), after: () => welcome(session) }
  }

  async #reopen(params: JsonObject): Promise<Session> {
    return this.#parts.sessions.reopen(this.#client(), sessionIdOf(params), await readSurroundings(params))
  }

  async #fork(params: JsonObject): Promise<Answer> {
    const surroundings = await readSurroundings(params)
    const session = await this.#parts.sessions.fork(this.#client(), sessionIdOf(params), surroundings)
    return { result: { sessionId: session.id, ...viewOf(session) }, after: () => welcome(session) }
  }

  async #close(params: JsonObject): Promise<Answer> {
    const id = sessionIdOf(params)
    this.#parts.sessions.get(id)
    await this.#parts.sessions.close(id)
    return { result: {} }
  }

  /** One that is not there is deleted already. */
  async #delete(params: JsonObject): Promise<Answer> {
    await this.#parts.sessions.delete(sessionIdOf(params)).catch((error: unknown) => {
      if (answerOf(error)?.code !== RPC_CODES.resourceNotFound) throw error
    })
    return { result: {} }
  }

  async #prompt(params: JsonObject, id: RpcId): Promise<Answer> {
    const session = this.#parts.sessions.get(sessionIdOf(params))
    const prompt = readPrompt(params['prompt'], takesImages(session.choices.model))
    if (typeof prompt === 'string') throw badParams(prompt)
    if (session.isRunning) throw new Refusal(RPC_CODES.invalidRequest, IS_RUNNING)
    this.#prompts.set(id, session)
    try {
      return { result: { stopReason: await session.prompt(prompt) } }
    } finally {
      this.#prompts.delete(id)
    }
  }

  async #setMode(params: JsonObject): Promise<Answer> {
    const session = this.#parts.sessions.get(sessionIdOf(params))
    if (await session.choose('mode', params['modeId'])) return { result: {} }
    throw badParams('There is no such mode.')
  }

  async #setOption(params: JsonObject): Promise<Answer> {
    const session = this.#parts.sessions.get(sessionIdOf(params))
    const { configId, value } = params
    if (typeof configId !== 'string' || !(await session.choose(configId, value)))
      throw badParams('There is no such option, or no such value of it.')
    return { result: { configOptions: session.choices.options() } }
  }

  #client(): Client {
    const abilities = this.#abilities ?? narrowAbilities(undefined)
    return {
      abilities,
      update: (sessionId, update) => this.#peer.notify('session/update', { sessionId, update }),
      call: (method, params, options) => this.#peer.call(method, params, options),
    }
  }
}

function viewOf({ choices }: Session): JsonObject {
  return { modes: choices.modes(), configOptions: choices.options() }
}

/** The next prompt is likely: what it needs is loaded while nobody waits for it. */
function welcome(session: Session): void {
  session.announce()
  setImmediate(() => void loadLibrary().catch(ignore('the prompt that needs it will say so')))
}
