// A prompt on the wire to the request of the session service.

import type { IncomingHttpHeaders } from 'node:http'

import { HoldfastError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { promptMeta } from './prompt-meta.ts'
import type { PromptRequest } from '../session/service.ts'
import type { PromptCreate } from '../wire/turn.ts'

/** The header Idempotency-Key and those of a trace count, too. BAD_REQUEST when the body says another key. */
export function toPromptRequest(
  body: PromptCreate,
  headers: IncomingHttpHeaders & { readonly 'idempotency-key'?: string },
): PromptRequest {
  const headerKey = headers['idempotency-key']
  const meta = promptMeta(body, headers)
  const { prompt, on_interrupt: onInterrupt, unattended, expires_at: expiresAt, idempotency_key: bodyKey } = body
  const { when_busy: whenBusy, deadline_ms: deadlineMs, lane } = body
  if (headerKey !== undefined && bodyKey !== undefined && headerKey !== bodyKey) {
    throw new HoldfastError('BAD_REQUEST', { reason: 'body/idempotency_key differs from the header Idempotency-Key' })
  }
  const idempotencyKey = headerKey ?? bodyKey
  return {
    prompt: blocksOf(prompt),
    ...(meta === undefined ? {} : { meta }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(onInterrupt === undefined ? {} : { onInterrupt }),
    ...(unattended === undefined ? {} : { unattended }),
    ...(expiresAt === undefined ? {} : { expiresAt: epochMs(expiresAt) }),
    ...(whenBusy === undefined ? {} : { whenBusy }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(lane === undefined ? {} : { lane }),
  }
}

/** A string is one text block. */
export function blocksOf(prompt: PromptCreate['prompt']): JsonObject[] {
  return typeof prompt === 'string' ? [{ type: 'text', text: prompt }] : (prompt as JsonObject[])
}

export function epochMs(text: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new HoldfastError('BAD_REQUEST', { reason: 'body/expires_at is not a time' })
  return ms
}
