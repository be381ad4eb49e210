// An error answer of the gateway as an error of the program. Callers branch on `code`.

import { ERRORS } from '../base/errors.ts'
import type { ErrorCode, ErrorDetails } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import type { ErrorBody } from '../wire/error.ts'

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** INTERNAL for an answer that is not the gateway's, or a code that this version does not know (`details.code`). */
  readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly requestId: string | undefined

  constructor(status: number, error: Partial<ErrorBody['error']>) {
    super(error.message ?? `the gateway answered ${status}`)
    const isKnown = error.code !== undefined && Object.hasOwn(ERRORS, error.code)
    this.status = status
    this.code = isKnown ? (error.code as ErrorCode) : 'INTERNAL'
    this.details = isKnown ? (error.details ?? {}) : { ...error.details, code: error.code }
    this.retryable = error.retryable ?? false
    this.retryAfterMs = error.retry_after_ms ?? undefined
    this.requestId = error.request_id
  }
}

/** Reads an error body; anything else that came with a bad status becomes INTERNAL. */
export function toApiError(status: number, text: string): ApiError {
  try {
    const body: unknown = JSON.parse(text)
    if (isJsonObject(body) && isJsonObject(body['error'])) return new ApiError(status, body['error'])
  } catch {
    // Not ours: a proxy's page, or a body that was cut.
  }
  return new ApiError(status, {})
}
