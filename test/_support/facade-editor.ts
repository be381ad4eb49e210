// An editor in the same process, in front of the real facade: asks, keeps what it was told in the order in which it came, and checks every
// message against the published schema (F-51).

import { readFileSync } from 'node:fs'

import { Ajv2020 } from 'ajv/dist/2020.js'

import type { Json, JsonObject } from '../../src/base/json.ts'
import type { EditorConnection } from '../../src/facade/editor-connection.ts'
import { Facade } from '../../src/facade/facade.ts'
import type { ConnectionWishes, EditorTransport } from '../../src/facade/ports.ts'
import type { SessionService } from '../../src/session/service.ts'
import type { TestSessions } from './test-sessions.ts'
import { until } from './until.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** `service`: in place of that of the sessions. */
export function openFacade(
  at: TestSessions,
  { service = at.service, mayBringCommands = false }: { service?: SessionService; mayBringCommands?: boolean } = {},
): Facade {
  return new Facade({
    service,
    permissions: at.sessions.permissions,
    elicitations: at.sessions.elicitations,
    events: at.events,
    agents: () => [{ name: 'fake', source: 'config' }],
    mayBringCommands: () => mayBringCommands,
    version: '9.8.7',
    logger: silent,
  })
}

export interface Reply {
  readonly result?: JsonObject
  readonly error?: { readonly code: number; readonly message: string; readonly data?: JsonObject }
}

export class FacadeEditor implements Disposable {
  /** Everything that came, in its order. */
  readonly heard: JsonObject[] = []
  /** Set: nothing more is taken until it resolves. */
  full: Promise<void> | undefined
  closedBy: string | undefined
  readonly #connection: EditorConnection
  readonly #replies = new Map<Json, (reply: Reply) => void>()
  #lastId = 0

  constructor(facade: Facade, wishes: ConnectionWishes = {}, isSameUser = true) {
    const transport: EditorTransport = {
      send: (line) => this.#hear(line),
      room: () => this.full,
      close: (reason) => void (this.closedBy = reason),
    }
    this.#connection = facade.open(transport, wishes, { isSameUser })
  }

  /** One that has initialised. */
  static async open(facade: Facade, params: JsonObject = {}, wishes: ConnectionWishes = {}): Promise<FacadeEditor> {
    const editor = new FacadeEditor(facade, wishes)
    await editor.ask('initialize', { protocolVersion: 1, clientCapabilities: {}, ...params })
    return editor
  }

  raw(line: string): void {
    this.#connection.receive(line)
  }

  /** The id of the request, and what is answered. */
  send(method: string, params: JsonObject): { readonly id: number; readonly reply: Promise<Reply> } {
    this.#lastId += 1
    const id = this.#lastId
    const reply = new Promise<Reply>((resolve) => this.#replies.set(id, resolve))
    this.raw(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    return { id, reply: reply.then((it) => checkReply(method, it)) }
  }

  ask(method: string, params: JsonObject): Promise<Reply> {
    return this.send(method, params).reply
  }

  notify(method: string, params: JsonObject): void {
    this.raw(JSON.stringify({ jsonrpc: '2.0', method, params }))
  }

  answer(id: Json | undefined, result: JsonObject): void {
    this.raw(JSON.stringify({ jsonrpc: '2.0', id: id ?? null, result }))
  }

  choose(request: JsonObject, optionId: string): void {
    this.answer(request['id'], { outcome: { outcome: 'selected', optionId } })
  }

  async newSession(params: JsonObject = {}): Promise<string> {
    const { result } = await this.ask('session/new', { cwd: '/tmp', mcpServers: [], ...params })
    return result?.['sessionId'] as string
  }

  prompt(sessionId: string, text: string, more: JsonObject = {}): Promise<Reply> {
    return this.ask('session/prompt', { sessionId, prompt: [{ type: 'text', text }], ...more })
  }

  /** Updates of a session, in their order. */
  updates(sessionId: string): JsonObject[] {
    return this.heard.flatMap(({ method, params }) => {
      const { sessionId: id, update } = (params ?? {}) as JsonObject
      return method === 'session/update' && id === sessionId ? [update as JsonObject] : []
    })
  }

  kinds(sessionId: string): string[] {
    return this.updates(sessionId).map(({ sessionUpdate }) => sessionUpdate as string)
  }

  /** Text of the chunks of one kind. */
  text(sessionId: string, kind = 'agent_message_chunk'): string {
    return this.updates(sessionId)
      .filter(({ sessionUpdate }) => sessionUpdate === kind)
      .map(({ content }) => (content as JsonObject)['text'] as string)
      .join('')
  }

  /** Requests and notifications of one method. */
  messages(method: string): JsonObject[] {
    return this.heard.filter((message) => message['method'] === method)
  }

  /** The next request of a method, when `count` have come. */
  async asked(count = 1, method = 'session/request_permission'): Promise<JsonObject> {
    const requests = (): JsonObject[] => this.messages(method)
    await until(() => requests().length >= count, { ms: 5_000, what: () => `${count} of ${method}` })
    return requests()[count - 1]!
  }

  /** The editor goes without a word. */
  [Symbol.dispose](): void {
    this.#connection.close()
  }

  #hear(line: string): void {
    if (line.includes('\n')) throw new Error('a message has more than one line')
    const message = JSON.parse(line) as JsonObject
    this.heard.push(message)
    const { id, method, result, error, params } = message
    if (typeof method === 'string' && method.startsWith('_')) return // what an extension says is its own matter
    if (typeof method === 'string') return assertValid(PARAMS[method], params ?? null, method)
    const reply = this.#replies.get(id ?? null)
    this.#replies.delete(id ?? null)
    reply?.({ ...(result !== undefined && { result }), ...(error !== undefined && { error }) } as Reply)
  }
}

const PARAMS: Readonly<Record<string, string>> = {
  'session/update': 'SessionNotification',
  'session/request_permission': 'RequestPermissionRequest',
  '$/cancel_request': 'CancelRequestNotification',
  'elicitation/create': 'CreateElicitationRequest',
  'elicitation/complete': 'CompleteElicitationNotification',
}
const RESULTS: Readonly<Record<string, string>> = {
  initialize: 'InitializeResponse',
  'session/new': 'NewSessionResponse',
  'session/load': 'LoadSessionResponse',
  'session/resume': 'ResumeSessionResponse',
  'session/list': 'ListSessionsResponse',
  'session/close': 'CloseSessionResponse',
  'session/delete': 'DeleteSessionResponse',
  'session/prompt': 'PromptResponse',
  'session/set_mode': 'SetSessionModeResponse',
  'session/set_config_option': 'SetSessionConfigOptionResponse',
}

function checkReply(method: string, reply: Reply): Reply {
  if (reply.result !== undefined && method in RESULTS) assertValid(RESULTS[method], reply.result, `result of ${method}`)
  return reply
}

const schema = JSON.parse(
  readFileSync(new URL(import.meta.resolve('@agentclientprotocol/sdk/schema/v1/schema.json')), 'utf8'),
) as { $defs: Record<string, object> }
const ajv = new Ajv2020({ strict: false, discriminator: true, validateFormats: false })
ajv.addSchema({ ...schema, $id: 'acp' })

function assertValid(name: string | undefined, value: Json, what: string): void {
  if (name === undefined) throw new Error(`an editor of ACP v1 does not know ${what}`)
  const validate = ajv.getSchema(`acp#/$defs/${name}`)
  if (validate === undefined) throw new Error(`the schema has no ${name}`)
  if (validate(value) === false) {
    throw new Error(`${what} is not what the schema allows: ${JSON.stringify(validate.errors?.slice(0, 2))}`)
  }
}
