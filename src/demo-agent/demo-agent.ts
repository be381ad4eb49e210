// The agent side of one ACP connection: sessions, their turns, and the answers to the client's requests.
// Never exits the process and never reads the environment; main.ts does.

import { lstat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { type IncomingRequest, JsonRpcPeer } from '../acp/peer.ts'
import { RPC_CODES, type RpcErrorBody } from '../acp/rpc.ts'
import { CancelledError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { INITIALIZE_RESULT, PERMISSION_OPTIONS, promptText, verdictOf } from './protocol.ts'
import type { DemoSession } from './session.ts'
import type { Message, Transcripts } from './transcripts.ts'
import { Turn, type TurnPort, type Verdict } from './turn.ts'

export interface DemoAgentOptions {
  /** Takes one line without terminator. */
  readonly send: (line: string) => void
  readonly transcripts: Transcripts
  readonly wordMs: number
}

const SESSIONS_MAX = 100
/** A person may think about a permission for long, but not for ever. */
const PERMISSION_MS = 24 * 60 * 60_000

export class DemoAgent {
  readonly #peer: JsonRpcPeer
  readonly #transcripts: Transcripts
  readonly #wordMs: number
  readonly #sessions = new Map<string, DemoSession>()

  constructor({ send, transcripts, wordMs }: DemoAgentOptions) {
    this.#transcripts = transcripts
    this.#wordMs = wordMs
    const notification = ({ method, params }: { method: string; params: JsonObject }): void => {
      if (method === 'session/cancel') this.#sessions.get(idOf(params['sessionId']))?.running?.abort()
    }
    const request = (message: IncomingRequest): void => void this.#answer(message)
    // Oddities of the client are answered by the peer where an answer is due; there is no log to tell them to.
    this.#peer = new JsonRpcPeer({ role: 'agent', send, handlers: { request, notification, warning: () => {} } })
  }

  receive(line: string): void {
    this.#peer.receive(line)
  }

  /** The client is gone: running turns end, open questions are void. */
  close(): void {
    this.#peer.close(new CancelledError('connection'))
    for (const session of this.#sessions.values()) session.running?.abort()
  }

  async #answer({ id, method, params }: IncomingRequest): Promise<void> {
    try {
      this.#peer.respond(id, await this.#run(method, params))
    } catch (error) {
      this.#peer.respondError(id, error instanceof Refusal ? error.body : INTERNAL_ERROR)
    }
  }

  async #run(method: string, params: JsonObject): Promise<Json> {
    switch (method) {
      case 'initialize':
        return INITIALIZE_RESULT
      case 'session/new':
        return this.#new(params)
      case 'session/load':
        return this.#load(params, true)
      case 'session/resume':
        return this.#load(params, false)
      case 'session/prompt':
        return this.#prompt(params)
      case 'session/close':
        return this.#closeSession(params)
      default:
        throw new Refusal(RPC_CODES.methodNotFound, 'Method not found')
    }
  }

  async #new({ cwd }: JsonObject): Promise<Json> {
    const id = newId('demo')
    const folder = await existingFolder(cwd)
    this.#open(id, folder, 0)
    await this.#transcripts.create(id)
    return { sessionId: id }
  }

  async #load({ sessionId, cwd }: JsonObject, replay: boolean): Promise<Json> {
    const id = idOf(sessionId)
    const messages = await this.#transcripts.find(id)
    if (messages === undefined) throw new Refusal(RPC_CODES.resourceNotFound, 'Resource not found', { sessionId: id })
    const folder = await existingFolder(cwd)
    this.#sessions.get(id)?.running?.abort()
    this.#open(id, folder, messages.filter(({ role }) => role === 'user').length)
    if (replay) for (const message of messages) this.#update(id, chunkOf(message))
    return {}
  }

  #open(id: string, cwd: string, prompts: number): void {
    if (this.#sessions.size >= SESSIONS_MAX && !this.#sessions.has(id)) {
      throw new Refusal(RPC_CODES.internalError, `At most ${SESSIONS_MAX} sessions are open at once`)
    }
    this.#sessions.set(id, { id, cwd, prompts, alwaysAllowed: false, running: undefined })
  }

  async #prompt({ sessionId, prompt }: JsonObject): Promise<Json> {
    const session = this.#get(sessionId)
    const text = promptText(prompt)
    if (text === undefined) throw new Refusal(RPC_CODES.invalidParams, 'prompt must be a list of content blocks')
    if (session.running) throw new Refusal(RPC_CODES.invalidRequest, 'A prompt is running in this session')
    const abort = new AbortController()
    session.running = abort
    session.prompts += 1
    const options = { session, text, port: this.#portOf(session.id), wordMs: this.#wordMs, signal: abort.signal }
    try {
      await this.#transcripts.append(session.id, { role: 'user', text })
      return { stopReason: await this.#runTurn(new Turn(options), session.id, abort.signal) }
    } finally {
      session.running = undefined
    }
  }

  async #runTurn(turn: Turn, sessionId: string, signal: AbortSignal): Promise<'end_turn' | 'cancelled'> {
    try {
      await turn.run()
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      if (turn.said !== '') await this.#transcripts.append(sessionId, { role: 'agent', text: turn.said })
    }
    return signal.aborted ? 'cancelled' : 'end_turn'
  }

  async #closeSession({ sessionId }: JsonObject): Promise<Json> {
    const session = this.#get(sessionId)
    session.running?.abort()
    this.#sessions.delete(session.id)
    return {}
  }

  #get(sessionId: Json | undefined): DemoSession {
    const session = this.#sessions.get(idOf(sessionId))
    if (session) return session
    throw new Refusal(RPC_CODES.resourceNotFound, 'Resource not found', { sessionId: sessionId ?? null })
  }

  #portOf(sessionId: string): TurnPort {
    return {
      update: (update) => this.#update(sessionId, update),
      askPermission: (toolCall, signal) => this.#askPermission(sessionId, toolCall, signal),
    }
  }

  async #askPermission(sessionId: string, toolCall: JsonObject, signal: AbortSignal): Promise<Verdict> {
    const params = { sessionId, toolCall, options: PERMISSION_OPTIONS }
    const options = { ms: PERMISSION_MS, stage: 'permission', signal }
    const answer = await this.#peer.call('session/request_permission', params, options).catch(() => null)
    return verdictOf(answer)
  }

  #update(sessionId: string, update: JsonObject): void {
    this.#peer.notify('session/update', { sessionId, update })
  }
}

/** An error answer to the client. */
class Refusal extends Error {
  readonly body: RpcErrorBody

  constructor(code: number, message: string, data?: JsonObject) {
    super(message)
    this.body = { code, message, ...(data ? { data } : {}) }
  }
}

/** Anything but text names no session. */
function idOf(sessionId: Json | undefined): string {
  return typeof sessionId === 'string' ? sessionId : ''
}

const INTERNAL_ERROR: RpcErrorBody = { code: RPC_CODES.internalError, message: 'Internal error' }

async function existingFolder(cwd: Json | undefined): Promise<string> {
  if (typeof cwd !== 'string' || !isAbsolute(cwd))
    throw new Refusal(RPC_CODES.invalidParams, 'cwd must be an absolute path')
  const stat = await lstat(`${cwd}/.`).catch(() => undefined)
  if (!stat?.isDirectory()) throw new Refusal(RPC_CODES.invalidParams, 'cwd is not a folder')
  return cwd
}

function chunkOf({ role, text }: Message): JsonObject {
  const sessionUpdate = role === 'user' ? 'user_message_chunk' : 'agent_message_chunk'
  return { sessionUpdate, content: { type: 'text', text } }
}
