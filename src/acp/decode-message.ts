// One line into one message, judged once: request, notification, response or rubbish. Pure; lenient where ACP is (5x).
// Never throws, never answers: what is told to the other side is the peer's business.

import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { isDeeperThan, mayBeDeeperThan } from './json-depth.ts'
import { RPC_CODES, RpcError } from './rpc.ts'
import type { RpcId, RpcResult, WarningKind } from './rpc.ts'

export type Decoded =
  | { kind: 'request'; id: RpcId; method: string; params: JsonObject; warning: WarningKind | undefined }
  | {
      kind: 'notification'
      method: string
      params: JsonObject
      /** No member besides `jsonrpc`, `method` and `params`. */
      isPlain: boolean
      warning: WarningKind | undefined
    }
  | { kind: 'response'; id: RpcId; answer: Exclude<RpcResult, { kind: 'closed' }>; warning: WarningKind | undefined }
  /** Neither a method nor a result nor an error: a broken request or a broken response, the pending ids decide. */
  | { kind: 'ambiguous'; id: RpcId; warning: WarningKind }
  /** A request that cannot be run but can be answered. */
  | { kind: 'refused'; id: RpcId; code: number; message: string; warning: WarningKind }
  | { kind: 'dropped'; warning: WarningKind }
  | { kind: 'junk'; code: number; message: string; warning: WarningKind }

/** `depthMax`: levels of nesting in params, result and error. */
export function decodeMessage(line: string, depthMax: number): Decoded {
  let value: Json
  try {
    value = JSON.parse(line) as Json
  } catch {
    return { kind: 'junk', code: RPC_CODES.parseError, message: 'Parse error', warning: 'not_json' }
  }
  if (!isJsonObject(value)) return junk('Invalid request: one JSON object is expected')
  const { method, id } = value
  const isDeep = mayBeDeeperThan(line, depthMax) && isDeeperThan(value, depthMax)
  if (typeof method === 'string') {
    return id === undefined ? notification(value, method, isDeep) : request(value, { id, method }, isDeep)
  }
  if (method !== undefined) return junk('Invalid request: the method is not a string')
  return response(value, isDeep)
}

function junk(message: string): Decoded {
  return { kind: 'junk', code: RPC_CODES.invalidRequest, message, warning: 'not_a_message' }
}

function notification(message: JsonObject, method: string, isDeep: boolean): Decoded {
  if (isDeep) return { kind: 'dropped', warning: 'too_deep' }
  const params = paramsOf(message)
  if (params === undefined) return { kind: 'dropped', warning: 'bad_params' }
  const isPlain = Object.keys(message).length === 3
  return { kind: 'notification', method, params, isPlain, warning: versionWarning(message) }
}

function request(message: JsonObject, { id, method }: { id: Json; method: string }, isDeep: boolean): Decoded {
  const code = RPC_CODES.invalidRequest
  if (!isUsableId(id)) {
    return { kind: 'refused', id: null, code, message: 'Invalid request: unusable id', warning: 'bad_id' }
  }
  if (isDeep) return { kind: 'refused', id, code, message: 'Invalid request: nested too deeply', warning: 'too_deep' }
  const params = paramsOf(message)
  if (params === undefined) {
    const text = 'Invalid params: an object is expected'
    return { kind: 'refused', id, code: RPC_CODES.invalidParams, message: text, warning: 'bad_params' }
  }
  return { kind: 'request', id, method, params, warning: isExactId(id) ? versionWarning(message) : 'unsafe_id' }
}

/** `error: null` beside a result is success, both non-null is an error. X-17: neither is an error of its own. */
function response(message: JsonObject, isDeep: boolean): Decoded {
  const { id = null, result, error } = message
  if (!isUsableId(id)) return { kind: 'dropped', warning: 'bad_id' }
  if (result === undefined && (error === undefined || error === null)) {
    if (message['id'] === undefined) return junk('Invalid request: no method')
    return { kind: 'ambiguous', id, warning: 'invalid_answer' }
  }
  if (isDeep) {
    const raw = 'nested too deeply'
    const tooDeep = new RpcError({ code: RPC_CODES.internalError, message: `The answer is ${raw}.` }, raw)
    return { kind: 'response', id, answer: { kind: 'error', error: tooDeep }, warning: 'too_deep' }
  }
  const warning = versionWarning(message)
  if (error !== undefined && error !== null) {
    return { kind: 'response', id, answer: { kind: 'error', error: readError(error) }, warning }
  }
  return { kind: 'response', id, answer: { kind: 'result', result: result ?? null }, warning }
}

/** an error of any shape is surfaced; what does not fit stays in `raw`. */
function readError(error: Json): RpcError {
  const { code, message, data } = isJsonObject(error) ? error : {}
  const body = {
    code: typeof code === 'number' && Number.isSafeInteger(code) ? code : RPC_CODES.internalError,
    message: typeof message === 'string' ? message : typeof error === 'string' ? error : 'The error has no message.',
    ...(data === undefined ? {} : { data }),
  }
  return new RpcError(body, error)
}

/** missing and null mean none; anything but an object has no names. */
function paramsOf({ params }: JsonObject): JsonObject | undefined {
  if (params === undefined || params === null) return {}
  return isJsonObject(params) ? params : undefined
}

function isUsableId(id: Json): id is RpcId {
  return typeof id === 'string' || id === null || (typeof id === 'number' && Number.isFinite(id))
}

/** a larger integer has lost digits before we saw it; a fraction is not an id. */
function isExactId(id: RpcId): boolean {
  return typeof id !== 'number' || Number.isSafeInteger(id)
}

function versionWarning(message: JsonObject): 'no_version' | undefined {
  return message['jsonrpc'] === '2.0' ? undefined : 'no_version'
}
