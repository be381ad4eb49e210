// Messages into lines. One message is one line, whatever its strings hold.

import type { Json, JsonObject } from '../base/json.ts'
import type { RpcErrorBody, RpcId } from './rpc.ts'

/** `meta`: text of the `_meta` of the params, which is written as it is (C-79); `params` has none then. */
export function encodeRequest(id: string | number, method: string, params: JsonObject, meta?: string): string {
  if (meta === undefined) return encode({ jsonrpc: '2.0', id, method, params })
  const head = JSON.stringify({ jsonrpc: '2.0', id, method }).slice(0, -1)
  const rest = JSON.stringify(params).slice(1)
  return safe(`${head},"params":{"_meta":${meta}${rest === '}' ? '' : ','}${rest}}`)
}

export function encodeNotification(method: string, params: JsonObject): string {
  return encode({ jsonrpc: '2.0', method, params })
}

export function encodeResult(id: RpcId, result: Json): string {
  return encode({ jsonrpc: '2.0', id, result })
}

export function encodeError(id: RpcId, error: RpcErrorBody): string {
  return encode({ jsonrpc: '2.0', id, error: { ...error } })
}

// Legal inside JSON strings, but line ends for some readers. JSON.stringify escapes the rest, lone surrogates included.
const LINE_ENDS = /[\u0085\u2028\u2029]/g

function encode(message: object): string {
  return safe(JSON.stringify(message))
}

function safe(line: string): string {
  return line.replace(LINE_ENDS, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
