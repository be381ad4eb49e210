// What agents answer to session requests, narrowed. Null counts as `{}` where nothing is required (C-28).

import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import {
  isLoadSessionResponse,
  isNewSessionResponse,
  isPromptResponse,
  isResumeSessionResponse,
} from './validators.gen.js'
import type { Validator } from './validators.gen.js'
import { violationOf } from './violation.ts'

export type NarrowedResult<T> =
  /** `warning`: what the schema does not allow, when the result is usable all the same. */
  | { readonly kind: 'usable'; readonly value: T; readonly warning: string | undefined }
  | { readonly kind: 'malformed'; readonly reason: string }

/** `session/new` and `session/fork`: only the id is essential. */
export function narrowNewSession(
  result: Json,
  method: 'session/new' | 'session/fork' = 'session/new',
): NarrowedResult<{ sessionId: string; result: JsonObject }> {
  const object = objectOf(result)
  const sessionId = object?.['sessionId']
  if (object === undefined || typeof sessionId !== 'string' || sessionId === '') {
    return { kind: 'malformed', reason: `${method} answered without a sessionId` }
  }
  return usable({ sessionId, result: object }, object, isNewSessionResponse)
}

/** `session/load` and `session/resume`: nothing is essential. */
export function narrowOpenedSession(
  method: 'session/load' | 'session/resume',
  result: Json,
): NarrowedResult<JsonObject> {
  const object = objectOf(result)
  if (object === undefined) return { kind: 'malformed', reason: `${method} answered with something that is no object` }
  return usable(object, object, method === 'session/load' ? isLoadSessionResponse : isResumeSessionResponse)
}

/** `session/prompt`: an unknown stop reason is kept, a missing one is malformed (C-38). */
export function narrowPromptAnswer(result: Json): NarrowedResult<{ stopReason: string; result: JsonObject }> {
  const object = objectOf(result)
  const stopReason = object?.['stopReason']
  if (object === undefined || typeof stopReason !== 'string') {
    return { kind: 'malformed', reason: 'session/prompt answered without a stopReason' }
  }
  return usable({ stopReason, result: object }, object, isPromptResponse)
}

function objectOf(result: Json): JsonObject | undefined {
  if (result === null) return {}
  return isJsonObject(result) ? result : undefined
}

function usable<T>(value: T, result: JsonObject, validator: Validator): NarrowedResult<T> {
  return { kind: 'usable', value, warning: validator(result) ? undefined : violationOf(validator) }
}
