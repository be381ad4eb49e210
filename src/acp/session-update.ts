// A `session/update` of an agent, narrowed. What we do not know is kept as it came: variants, enum values, content kinds,
// list items, fields (C-76, C-77). Owns no state; never changes an update.

import type { SessionUpdate } from '@agentclientprotocol/sdk'

import { isJsonObject } from '../base/json.ts'
import type { JsonObject } from '../base/json.ts'
import { isLooseSessionNotification, isSessionNotification, SESSION_UPDATE_VARIANTS } from './validators.gen.js'
import { violationOf } from './violation.ts'

export type NarrowedUpdate =
  | {
      readonly kind: 'known'
      readonly sessionId: string
      readonly variant: SessionUpdate['sessionUpdate']
      /** The update as it came. With a warning, enum values, list items and optional fields may differ from the type. */
      readonly update: SessionUpdate & JsonObject
      /** What the strict schema does not allow, when the update is usable all the same. */
      readonly warning: string | undefined
    }
  | { readonly kind: 'unknown'; readonly sessionId: string; readonly variant: string; readonly update: JsonObject }
  /** Without its essentials: nobody can be told what this is about (C-78). */
  | { readonly kind: 'malformed'; readonly reason: string }

/** Judges the params of one `session/update`. The usual case costs one pass of the compiled schema. */
export function narrowSessionUpdate(params: JsonObject): NarrowedUpdate {
  const { sessionId, update } = params
  if (typeof sessionId !== 'string') return malformed('sessionId is not a string')
  if (!isJsonObject(update)) return malformed('update is not an object')
  const variant = update['sessionUpdate']
  if (typeof variant !== 'string') return malformed('sessionUpdate is not a string')
  if (isSessionNotification(params)) return known(sessionId, update, undefined)
  if (!SESSION_UPDATE_VARIANTS.includes(variant)) return { kind: 'unknown', sessionId, variant, update }
  const warning = violationOf(isSessionNotification)
  if (isLooseSessionNotification(params) || currentModeIdOf(update) !== undefined) {
    return known(sessionId, update, warning)
  }
  return malformed(violationOf(isLooseSessionNotification))
}

/** The mode that a `current_mode_update` names; the documents spell the field `modeId`, the schema `currentModeId` (C-72). */
export function currentModeIdOf(update: JsonObject): string | undefined {
  if (update['sessionUpdate'] !== 'current_mode_update') return undefined
  const { currentModeId, modeId } = update
  if (typeof currentModeId === 'string') return currentModeId
  return typeof modeId === 'string' ? modeId : undefined
}

function known(sessionId: string, update: JsonObject, warning: string | undefined): NarrowedUpdate {
  const typed = update as SessionUpdate & JsonObject
  return { kind: 'known', sessionId, variant: typed.sessionUpdate, update: typed, warning }
}

function malformed(reason: string): NarrowedUpdate {
  return { kind: 'malformed', reason }
}
