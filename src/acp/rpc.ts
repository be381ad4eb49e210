// The words of JSON-RPC as both roles of ACP use them: ids, results, errors, warnings. No behaviour but the error class.

import type { Json, JsonObject } from '../base/json.ts'

/** Null is legal on the wire in v1; ids of our own are strings or integers. */
export type RpcId = string | number | null

/** ACP 1.2, JSON-RPC 2.0 section 5.1. */
export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  requestCancelled: -32800,
  authRequired: -32000,
  resourceNotFound: -32002,
  unsupportedVersion: -32022,
} as const

export const CANCEL_REQUEST = '$/cancel_request'

/** What goes on the wire as `error`. */
export interface RpcErrorBody {
  readonly code: number
  readonly message: string
  readonly data?: Json
}

/** An error that the peer answered. Callers decide by `code`; the text is the peer's own. */
export class RpcError extends Error {
  readonly code: number
  readonly data: Json | undefined
  /** The `error` member as it came, whatever its shape. */
  readonly raw: Json

  constructor(body: RpcErrorBody, raw: Json) {
    super(body.message)
    this.name = 'RpcError'
    this.code = body.code
    this.data = body.data
    this.raw = raw
  }
}

export type RpcResult =
  | { readonly kind: 'result'; readonly result: Json }
  | { readonly kind: 'error'; readonly error: RpcError }
  /** The peer was closed before an answer came; `error` is the reason given to `close`. */
  | { readonly kind: 'closed'; readonly error: Error }

export interface IncomingRequest {
  readonly id: RpcId
  readonly method: string
  /** `{}` when the message had none. */
  readonly params: JsonObject
  /** The line as it came, for the journal. */
  readonly raw: string
}

export interface IncomingNotification extends Omit<IncomingRequest, 'id'> {
  /** The message has no member besides `jsonrpc`, `method` and `params`. */
  readonly isPlain: boolean
}

export type WarningKind =
  | 'not_utf8'
  | 'not_json'
  | 'not_a_message'
  | 'no_version'
  | 'bad_id'
  | 'unsafe_id'
  | 'id_type_differs'
  | 'bad_params'
  | 'too_deep'
  | 'unknown_answer'
  | 'invalid_answer'
  | 'peer_error'
  | 'duplicate_request'
  | 'too_many_requests'
  | 'handler_failed'

export interface PeerWarning {
  readonly kind: WarningKind
  /** At most 200 characters, control characters made visible. */
  readonly excerpt: string
  /** How often this kind has happened on this connection, this time included. */
  readonly count: number
}
