// Messages of ACP as the bridge looks at them: who asks, who answers, for which session. What it does not need it never touches.

import { memberText, membersOf, objectText } from '../../base/json-text.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { isJsonObject } from '../../base/json.ts'

export type MessageId = string | number

export type Message =
  | { readonly kind: 'request'; readonly id: MessageId; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonObject }
  | {
      readonly kind: 'answer'
      readonly id: MessageId
      readonly result: JsonObject
      readonly error: JsonObject | undefined
    }
  /** Nothing that could be passed on or answered by its id. */
  | { readonly kind: 'junk'; readonly code: number; readonly text: string }

export const PARSE_ERROR = -32700
export const INVALID_REQUEST = -32600
export const INTERNAL_ERROR = -32603

export function readMessage(line: string): Message {
  const value = parse(line)
  if (value === undefined) return { kind: 'junk', code: PARSE_ERROR, text: 'Parse error' }
  if (!isJsonObject(value))
    return { kind: 'junk', code: INVALID_REQUEST, text: 'Invalid request: one JSON object is expected' }
  const { id, method, params, result, error } = value
  const hasId = typeof id === 'string' || typeof id === 'number'
  if (typeof method === 'string') {
    if (id !== undefined && !hasId) return { kind: 'junk', code: INVALID_REQUEST, text: 'Invalid request: unusable id' }
    const head = { method, params: objectOf(params) }
    return hasId ? { kind: 'request', id, ...head } : { kind: 'notification', ...head }
  }
  if (!hasId) return { kind: 'junk', code: INVALID_REQUEST, text: 'Invalid request: no method' }
  return { kind: 'answer', id, result: objectOf(result), error: isJsonObject(error) ? error : undefined }
}

export function requestLine(id: MessageId, method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params })
}

export function notificationLine(method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params })
}

export function errorLine(id: MessageId | null, error: { code: number; message: string; data?: JsonObject }): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error })
}

/** `params` with one more field in its `_meta`. */
export function withMeta(params: JsonObject, name: string, value: Json): JsonObject {
  return { ...params, _meta: { ...metaOf(params), [name]: value } }
}

/** The line of a request with this member in the `_meta` of its params. All other members stay as they are written, spaces aside. */
export function lineWithMeta(line: string, name: string, value: Json): string {
  const params = memberText(line, 'params') ?? '{}'
  const meta = withMember(memberText(params, '_meta') ?? '{}', name, JSON.stringify(value))
  return withMember(line, 'params', withMember(params, '_meta', meta))
}

function withMember(text: string, name: string, value: string): string {
  const others = membersOf(text).filter(([own]) => own !== name)
  return objectText([...others, [name, value]])
}

export function metaOf(object: JsonObject): JsonObject {
  return objectOf(object['_meta'])
}

export function sessionOf({ sessionId }: JsonObject): string | undefined {
  return typeof sessionId === 'string' ? sessionId : undefined
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function parse(line: string): Json | undefined {
  try {
    return JSON.parse(line) as Json
  } catch {
    return undefined
  }
}
