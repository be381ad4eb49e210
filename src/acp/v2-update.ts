// Whether a session update of ACP v2 is what its kind allows, read loosely. Kinds that are not known are not judged.

import type { JsonObject } from '../base/json.ts'
import { V2_UPDATES } from './validators-v2.gen.js'

/** False for an update of a known kind without its essentials, or with a field of another type. */
export function isUsableV2Update(update: JsonObject): boolean {
  const variant = update['sessionUpdate']
  const validator = typeof variant === 'string' && Object.hasOwn(V2_UPDATES, variant) ? V2_UPDATES[variant] : undefined
  return validator === undefined || validator(update)
}
