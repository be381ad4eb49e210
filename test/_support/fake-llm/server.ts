// A model server on loopback for tests: the OpenAI, Anthropic and Gemini APIs with scripted, deterministic answers.
// Keeps a log of what it was asked. Never reaches any other host.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isJsonObject, type Json, type JsonObject } from '../../../src/base/json.ts'
import { anthropic } from './anthropic.ts'
import { gemini } from './gemini.ts'
import { sendJson, type ModelApi } from './model-api.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiResponses } from './openai-responses.ts'
import { answerTo, SLOW_PACE, type Answer, type Pace } from './script.ts'

export interface ModelRequest {
  readonly path: string
  readonly api: ModelApi['name']
  readonly model: string
  readonly lastUserText: string
  readonly tools: readonly string[]
  readonly answer: Answer['kind']
  readonly body: JsonObject
  /** `aborted`: the client closed the connection before the answer was complete. */
  state: 'open' | 'finished' | 'aborted'
}

export interface FakeLlm extends AsyncDisposable {
  /** Base address without a path, e.g. `http://127.0.0.1:40000`. */
  readonly url: string
  /** Model requests in order of arrival, the newest `REQUESTS_MAX` of them. */
  readonly requests: readonly ModelRequest[]
}

const APIS: readonly ModelApi[] = [openaiChat, openaiResponses, anthropic, gemini]
const MODELS = ['fake-model', 'fake-model-2', 'gpt-5.5']
const BODY_BYTES_MAX = 32 * 1024 * 1024
const REQUESTS_MAX = 1000

/** Listens on a free loopback port; disposing ends every open answer. `pace` is that of `@slow`. */
export async function startFakeLlm(pace: Pace = SLOW_PACE): Promise<FakeLlm> {
  const requests: ModelRequest[] = []
  const server = createServer((request, response) => {
    void serve(request, response, { requests, pace }).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, requests, [Symbol.asyncDispose]: () => close(server) }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

interface Context {
  readonly requests: ModelRequest[]
  readonly pace: Pace
}

async function serve(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname
  if (request.method === 'GET') return serveGet(path, response)
  const body = await readBody(request)
  if (!body) return sendJson(response, { error: { message: 'The body must be one JSON object.' } }, 400)
  if (path.endsWith('/count_tokens')) return sendJson(response, { input_tokens: 10 })
  if (path.endsWith(':countTokens')) return sendJson(response, { totalTokens: 10 })
  const api = APIS.find((candidate) => candidate.path.test(path))
  if (!api) return sendJson(response, { error: { message: `Nothing is served at ${path}.` } }, 404)
  await serveModel(api, { path, body, response }, context)
}

async function serveModel(
  api: ModelApi,
  { path, body, response }: { path: string; body: JsonObject; response: ServerResponse },
  { requests, pace }: Context,
): Promise<void> {
  const conversation = api.read(body, path)
  const answer = answerTo(conversation, pace)
  const entry: ModelRequest = {
    path,
    api: api.name,
    model: conversation.model,
    lastUserText: conversation.userTexts.at(-1) ?? '',
    tools: conversation.tools.map((tool) => tool.name),
    answer: answer.kind,
    body,
    state: 'open',
  }
  requests.push(entry)
  if (requests.length > REQUESTS_MAX) requests.shift()
  response.once('close', () => (entry.state = response.writableFinished ? 'finished' : 'aborted'))
  if (answer.kind === 'error') return sendError(response, answer.status)
  if (answer.kind === 'hang') return
  await api.reply({ response, conversation, answer, promptTokens: Math.ceil(JSON.stringify(body).length / 4) })
}

function sendError(response: ServerResponse, status: number): void {
  const type = status === 429 ? 'rate_limit_error' : 'api_error'
  const message = `scripted error ${status}`
  sendJson(response, { type: 'error', error: { type, code: status, message, status: type } }, status)
}

function serveGet(path: string, response: ServerResponse): void {
  if (path.endsWith('/v1beta/models')) {
    const models = MODELS.map((id) => ({
      name: `models/${id}`,
      displayName: id,
      supportedGenerationMethods: ['generateContent'],
    }))
    return sendJson(response, { models })
  }
  if (path.endsWith('/models')) {
    const data: Json[] = MODELS.map((id) => ({
      id,
      object: 'model',
      type: 'model',
      display_name: id,
      created: 1,
      owned_by: 'fake',
    }))
    return sendJson(response, { object: 'list', data, has_more: false, first_id: 'fake-model', last_id: 'gpt-5.5' })
  }
  sendJson(response, { error: { message: `Nothing is served at ${path}.` } }, 404)
}

async function readBody(request: IncomingMessage): Promise<JsonObject | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
