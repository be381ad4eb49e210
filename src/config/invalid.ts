// A configuration that cannot be used: always names the place and what is wrong there.

import { HoldfastError } from '../base/errors.ts'
import type { Origin } from './option.ts'

/** Where a value was given, for messages. */
export interface Place {
  readonly origin: Origin
  /** File, variable or flag. */
  readonly name: string
}

/** CONFIG_INVALID that names the key and the file, variable or flag. */
export function invalid(key: string, problem: string, place: Place): HoldfastError {
  return new HoldfastError('CONFIG_INVALID', { reason: `${key} ${problem}`, key, file: place.name })
}
