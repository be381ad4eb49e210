// Failures of ours as JSON-RPC errors. The code of ours, its help and its details travel in `data`, so that nobody has to read a text.

import { RPC_CODES } from '../acp/rpc.ts'
import type { RpcErrorBody } from '../acp/rpc.ts'
import { ERRORS, helpOf, isHoldfastError, toStoredError } from '../base/errors.ts'
import type { ErrorCode, StoredError } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/json.ts'

/** An answer that refuses a request. */
export class Refusal extends Error {
  readonly body: RpcErrorBody

  constructor(code: number, message: string, data?: JsonObject) {
    super(message)
    this.body = { code, message, ...(data && { data }) }
  }
}

export function invalidParams(reason: string, data?: JsonObject): Refusal {
  return new Refusal(RPC_CODES.invalidParams, `Invalid params: ${reason}`, data)
}

/** F-24: the same for a session that never was and for one that is closed. */
export function sessionNotFound(sessionId: string): Refusal {
  return new Refusal(RPC_CODES.resourceNotFound, 'Resource not found', { sessionId })
}

/** The editor asked for something that cannot be: nothing has started. */
const INVALID: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'AGENT_UNKNOWN',
  'BAD_REQUEST',
  'CONTROL_UNSUPPORTED',
  'CWD_NOT_ABSOLUTE',
  'CWD_NOT_ALLOWED',
  'CWD_NOT_FOUND',
  'EQUIPMENT_UNSUPPORTED',
  'IDEMPOTENCY_KEY_REUSED',
  'MCP_SERVER_UNKNOWN',
  'OPTION_INVALID',
  'OPTION_UNKNOWN',
  'PARENT_REFUSED',
  'PROMPT_EMPTY',
  'PROMPT_TOO_LARGE',
  'PROMPT_UNSUPPORTED_CONTENT',
  'SESSION_CONFLICT',
  'SESSION_KEY_INVALID',
])

const NOT_FOUND: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['SESSION_CLOSED', 'SESSION_NOT_FOUND'])

/** The answer for anything that was thrown. What is our own bug says nothing but that. */
export function errorBody(error: unknown, sessionId: Json | undefined): RpcErrorBody {
  if (error instanceof Refusal) return error.body
  if (!isHoldfastError(error) || error.code === 'INTERNAL')
    return { code: RPC_CODES.internalError, message: 'Internal error' }
  if (NOT_FOUND.has(error.code) && typeof sessionId === 'string') return sessionNotFound(sessionId).body
  const code = INVALID.has(error.code) ? RPC_CODES.invalidParams : RPC_CODES.internalError
  return { code, message: `${error.message} ${error.help}`, data: errorData(toStoredError(error), error.retryable) }
}

/** Of a turn that did not end well. */
export function turnErrorBody(error: StoredError | undefined, state: string): RpcErrorBody {
  const message = error === undefined ? `The turn ended: ${state}.` : `${error.message} ${helpOf(error)}`
  const data = error === undefined ? { state } : { ...errorData(error, ERRORS[error.code].retryable), state }
  return { code: RPC_CODES.internalError, message, data }
}

function errorData({ code, details }: StoredError, isRetryable: boolean): JsonObject {
  return { code, retryable: isRetryable, ...(details && { details: JSON.parse(JSON.stringify(details)) as Json }) }
}
