// What a client hears of an error: the one error body, the status, when to come back. Converts ours and Fastify's, once.
// A 5xx says its code and the request id and nothing else; the rest is in the log.

import type { FastifyReply, FastifyRequest } from 'fastify'

import { ERRORS, HoldfastError, isHoldfastError } from '../base/errors.ts'
import type { Logger } from '../observe/logger.ts'
import type { ErrorBody } from '../wire/error.ts'
import { HTTP_STATUS, RETRY_AFTER_MS } from './error-status.ts'

export interface ErrorAnswer {
  readonly status: number
  readonly body: ErrorBody
}

/** The answer for anything that was thrown. */
export function errorAnswer(error: unknown, requestId: string): ErrorAnswer {
  const expected = toExpected(error)
  const { code, details } = expected
  const status = HTTP_STATUS[code]
  const isServerError = status >= 500
  const told = typeof details['retryAfterMs'] === 'number' ? details['retryAfterMs'] : RETRY_AFTER_MS[code]
  return {
    status,
    body: {
      error: {
        code,
        message: isServerError ? serverErrorText(code, requestId) : expected.message,
        details: isServerError ? {} : { ...details },
        retryable: expected.retryable,
        retry_after_ms: expected.retryable && told !== undefined ? told : null,
        request_id: requestId,
      },
    },
  }
}

/** Sends the answer for `error`; logs it when it is our fault. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): void {
  const { status, body } = errorAnswer(error, request.id)
  if (status >= 500 && !EXPECTED.has(body.error.code)) {
    logger.error({ requestId: request.id, code: body.error.code, err: error }, 'request failed')
  }
  const { retry_after_ms: retryAfterMs } = body.error
  if (retryAfterMs !== null) reply.header('retry-after', String(Math.ceil(retryAfterMs / 1000)))
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  reply.code(status).header('x-request-id', request.id).header('cache-control', 'no-store')
  reply.type('application/json; charset=utf-8').serializer(JSON.stringify).send(body)
}

/** A state of the gateway that callers are told, and nobody's fault. */
const EXPECTED: ReadonlySet<string> = new Set(['GATEWAY_DRAINING', 'SAFE_MODE', 'STORE_FULL'])

function serverErrorText(code: keyof typeof ERRORS, requestId: string): string {
  const { message } = ERRORS[code]
  return message.includes('{') ? new HoldfastError('INTERNAL', { requestId }).message : message
}

/** Fastify's own errors, by its codes; what is not here is INTERNAL. */
const FASTIFY_ERRORS: Readonly<Record<string, () => HoldfastError>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => badRequest('the body has no type'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => badRequest('the content length is not that of the body'),
  FST_ERR_BAD_URL: () => badRequest('the path cannot be decoded'),
  FST_ERR_MAX_PARAM_LENGTH: () => badRequest('a part of the path is too long'),
}

function toExpected(error: unknown): HoldfastError {
  if (isHoldfastError(error)) return error
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const known = typeof code === 'string' && Object.hasOwn(FASTIFY_ERRORS, code) ? FASTIFY_ERRORS[code] : undefined
  return known === undefined ? new HoldfastError('INTERNAL', {}, { cause: error }) : known()
}

function badRequest(reason: string): HoldfastError {
  return new HoldfastError('BAD_REQUEST', { reason })
}
