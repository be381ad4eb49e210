// What each model API implements: read a request into a conversation, write an answer in its own format.

import type { ServerResponse } from 'node:http'
import type { Json, JsonObject } from '../../../src/base/json.ts'
import type { Conversation } from './conversation.ts'
import type { Answer } from './script.ts'

export interface Reply {
  readonly response: ServerResponse
  readonly conversation: Conversation
  readonly answer: Exclude<Answer, { kind: 'error' | 'hang' }>
  /** As a model would count the request, roughly. */
  readonly promptTokens: number
}

export interface ModelApi {
  readonly name: 'openai-chat' | 'openai-responses' | 'anthropic' | 'gemini'
  readonly path: RegExp
  read(body: JsonObject, path: string): Conversation
  reply(reply: Reply): Promise<void>
}

export function sendJson(response: ServerResponse, value: Json, status = 200): void {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}
