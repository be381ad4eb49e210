// A configuration that cannot be used: always names the place and what is wrong there.

import { HoldfastError } from '../base/errors.ts'
import type { TextPlace } from './jsonc.ts'
import type { Origin } from './option.ts'

/** Where a value was given, for messages. */
export interface Place {
  readonly origin: Origin
  /** File, variable or flag. */
  readonly name: string
  /** Where a key stands in the file. */
  readonly placeOf?: (key: string) => TextPlace | undefined
}

/** CONFIG_INVALID that names the key, and the variable, the flag, or the file with line and column. */
export function invalid(key: string, problem: string, { name, placeOf }: Place): HoldfastError {
  return new HoldfastError('CONFIG_INVALID', { reason: `${key} ${problem}`, key, file: inFile(name, placeOf?.(key)) })
}

/** Such as `config.jsonc:3:5`, as editors and terminals take it. */
export function inFile(file: string, place: TextPlace | undefined): string {
  return place === undefined ? file : `${file}:${place.line}:${place.column}`
}
