// `/acp` over Streamable HTTP: POST brings a message, GET reads a stream, DELETE ends the connection. Guard and limits are those of every route.

import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

import type { FastifyReply, FastifyRequest } from 'fastify'

import { HoldfastError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import type { EditorConnection } from '../../facade/editor-connection.ts'
import type { Facade } from '../../facade/facade.ts'
import { errorAnswer } from '../error-answer.ts'
import type { App } from '../routes/context.ts'
import { STREAM_HEADERS } from '../routes/events.ts'
import type { Guard } from '../guard/guard.ts'
import { readWishes } from './connection-wishes.ts'
import { HTTP_EDITOR_LIMITS, HttpEditor } from './http-editor.ts'
import type { HttpEditorLimits } from './http-editor.ts'
import { ACP_PATH } from './upgrade.ts'

const CONNECTION_ID = 'acp-connection-id'
const SESSION_ID = 'acp-session-id'
const ID_CHARS_MAX = 200
const CONNECTIONS_MAX = 256
/** Keeps proxies and clients patient. */
const BEAT_MS = 15_000

interface Open {
  readonly editor: HttpEditor
  readonly connection: EditorConnection
  readonly isSameUser: boolean
}

/** Methods that are about a session and must say so in a header, too. */
const OF_SESSION = /^session\/(?!new$|list$)/

export class HttpEditors {
  readonly #facade: Facade
  readonly #guard: Pick<Guard, 'isSameUser'>
  readonly #limits: HttpEditorLimits
  readonly #open = new Map<string, Open>()
  #beat: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(facade: Facade, guard: Pick<Guard, 'isSameUser'>, limits: HttpEditorLimits = HTTP_EDITOR_LIMITS) {
    this.#facade = facade
    this.#guard = guard
    this.#limits = limits
  }

  addRoutes(app: App): void {
    const options = { schema: { hide: true } }
    app.post(ACP_PATH, options, (request, reply) => this.#post(request, reply))
    app.get(ACP_PATH, options, (request, reply) => this.#get(request, reply))
    app.delete(ACP_PATH, options, (request, reply) => this.#delete(request, reply))
  }

  /** Ends them all; none is let in any more. */
  [Symbol.dispose](): void {
    this.#isClosed = true
    for (const { editor } of this.#open.values()) editor.close('gateway_stopping')
  }

  async #post(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const message = request.body as JsonObject
    if (header(request.headers, CONNECTION_ID) === undefined) return this.#initialize(message, request, reply)
    const { editor, connection, isSameUser } = this.#find(request.headers)
    // What the unix socket may, nobody may who goes on with its connection over TCP.
    if (isSameUser !== this.#guard.isSameUser(request.raw)) throw new HoldfastError('NOT_FOUND', { path: ACP_PATH })
    const sessionId = header(request.headers, SESSION_ID)
    const about = editor.sessionOf(message)
    const { method } = message
    if (about === undefined && typeof method === 'string' && OF_SESSION.test(method))
      throw refused('the message names no session')
    if (about !== undefined && sessionId !== about) throw refused('Acp-Session-Id is not the session of the message')
    if (!editor.hasRoomFor(about)) throw new HoldfastError('STREAM_LIMIT', { limit: this.#limits.streamsMax })
    editor.expect(message, about)
    connection.receive(JSON.stringify(message))
    return reply.code(202).send()
  }

  /** Answered at once, with the id of the new connection. */
  async #initialize(message: JsonObject, { url, raw }: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (message['method'] !== 'initialize' || message['id'] === undefined)
      throw refused('the first message must be initialize; others need Acp-Connection-Id')
    if (this.#isClosed) throw new HoldfastError('GATEWAY_DRAINING')
    if (this.#open.size >= CONNECTIONS_MAX) throw new HoldfastError('STREAM_LIMIT', { limit: CONNECTIONS_MAX })
    const id = randomUUID()
    const editor = new HttpEditor(id, this.#limits, () => this.#ended(id))
    const isSameUser = this.#guard.isSameUser(raw)
    const connection = this.#facade.open(editor, readWishes(url), { isSameUser })
    this.#open.set(id, { editor, connection, isSameUser })
    this.#beat ??= setInterval(() => this.#beatAll(), BEAT_MS)
    const first = editor.takeFirst()
    connection.receive(JSON.stringify(message))
    const answer = await first
    if ('error' in (JSON.parse(answer) as JsonObject)) editor.close('refused')
    else reply.header('acp-connection-id', id)
    return reply.type('application/json; charset=utf-8').serializer(String).send(answer)
  }

  async #get(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { headers } = request
    if (headers.accept?.includes('text/event-stream') !== true)
      return answerAs(406, refused('only text/event-stream can be read'), request, reply)
    const { editor } = this.#find(headers)
    const sessionId = header(headers, SESSION_ID)
    if (sessionId !== undefined && !(await this.#facade.hasSession(sessionId))) {
      throw new HoldfastError('SESSION_NOT_FOUND', { session: sessionId })
    }
    if (!editor.hasRoomFor(sessionId)) throw new HoldfastError('STREAM_LIMIT', { limit: this.#limits.streamsMax })
    const stream = editor.stream(sessionId)
    if (stream.hasReader) return answerAs(409, new HoldfastError('STREAM_LIMIT', { limit: 1 }), request, reply)
    const lastId = lastEventId(headers)
    if (lastId !== undefined && !stream.hasAfter(lastId)) throw new HoldfastError('CURSOR_AHEAD', { after: lastId })
    reply.hijack()
    reply.raw.writeHead(200, STREAM_HEADERS)
    reply.raw.flushHeaders()
    stream.open(reply.raw, lastId)
    return reply
  }

  async #delete({ headers }: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { editor } = this.#find(headers)
    editor.close('refused')
    return reply.code(202).send()
  }

  /** NOT_FOUND for one that has ended: whoever gets it connects again. */
  #find(headers: IncomingHttpHeaders): Open {
    const id = header(headers, CONNECTION_ID)
    if (id === undefined) throw refused('the header Acp-Connection-Id is missing')
    const open = this.#open.get(id)
    if (open === undefined) throw new HoldfastError('NOT_FOUND', { path: ACP_PATH })
    return open
  }

  #ended(id: string): void {
    this.#open.get(id)?.connection.close()
    this.#open.delete(id)
    if (this.#open.size > 0) return
    clearInterval(this.#beat)
    this.#beat = undefined
  }

  #beatAll(): void {
    for (const { editor } of this.#open.values()) editor.beat()
  }
}

function refused(reason: string): HoldfastError {
  return new HoldfastError('BAD_REQUEST', { reason })
}

/** With another status than the code has by itself. */
function answerAs(status: number, error: HoldfastError, request: FastifyRequest, reply: FastifyReply): unknown {
  return reply.code(status).send(errorAnswer(error, request.id).body)
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value.slice(0, ID_CHARS_MAX) : undefined
}

function lastEventId(headers: IncomingHttpHeaders): number | undefined {
  const value = header(headers, 'last-event-id')
  if (value === undefined) return undefined
  if (/^\d{1,15}$/.test(value)) return Number(value)
  throw refused('Last-Event-ID is not one of this stream')
}
