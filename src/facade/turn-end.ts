// How a turn has ended, as the answer to the prompt that began it (F-32, F-36, F-39).

import type { RpcErrorBody } from '../acp/rpc.ts'
import { isErrorCode } from '../base/errors.ts'
import type { StoredError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import type { JsonObject } from '../base/json.ts'
import type { PromptAccepted } from '../session/service.ts'
import { turnErrorBody } from './rpc-errors.ts'

export type TurnEnd =
  | { readonly kind: 'stopped'; readonly stopReason: string }
  | { readonly kind: 'failed'; readonly error: RpcErrorBody }

const STOP_REASONS = new Set<unknown>(['end_turn', 'max_tokens', 'max_turn_requests', 'refusal', 'cancelled'])

/** `data` of a `turn.ended`. */
export function endOfEvent(data: JsonObject): TurnEnd {
  const { state, stop_reason: stopReason, error } = data
  return endOf(
    typeof state === 'string' ? state : 'failed',
    typeof stopReason === 'string' ? stopReason : undefined,
    storedError(error),
  )
}

export function endOfOutcome({ state, stopReason, error }: NonNullable<PromptAccepted['turn']['outcome']>): TurnEnd {
  return endOf(state, stopReason, error)
}

/** A cancel is no error, however the agent took it. A stop reason that v1 does not have is a plain end. */
function endOf(state: string, stopReason: string | undefined, error: StoredError | undefined): TurnEnd {
  if (state === 'cancelled') return { kind: 'stopped', stopReason: 'cancelled' }
  if (state !== 'completed') return { kind: 'failed', error: turnErrorBody(error, state) }
  return {
    kind: 'stopped',
    stopReason: stopReason !== undefined && STOP_REASONS.has(stopReason) ? stopReason : 'end_turn',
  }
}

function storedError(error: unknown): StoredError | undefined {
  if (!isJsonObject(error) || !isErrorCode(error['code'])) return undefined
  const { code, message, details } = error
  const text = typeof message === 'string' ? message : 'The turn failed.'
  return { code, message: text, ...(isJsonObject(details) && { details }) }
}
