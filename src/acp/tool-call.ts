// A tool call as updates and permission requests tell of it: a piece at a time. Pure.

import type { JsonObject } from '../base/json.ts'

/**
 * The call after one more piece of it: only the fields that the piece gives change, and null gives nothing; a list takes the place of the
 * list before it (C-57, C-70). In which batches pieces are put together does not matter.
 */
export function patchToolCall(call: JsonObject, piece: JsonObject): JsonObject {
  return { ...call, ...givenFields(piece) }
}

/** What a piece says. */
export function givenFields(piece: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(piece).filter(([, value]) => value !== null))
}
