// The code of an error, ours or the gateway's, without asking for its class.

import type { ErrorCode } from '../base/errors.ts'
import { ERRORS } from '../base/errors.ts'

/** Undefined for errors that carry none of our codes. */
export function codeOf(error: unknown): ErrorCode | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : undefined
}
