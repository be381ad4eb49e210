// What a compiled validator found, as one short sentence. Holds paths and keywords only, never values of the message.

import { excerptOf } from './excerpt.ts'
import type { Validator } from './validators.gen.js'

/** Call it right after `validator` gave false. */
export function violationOf(validator: Validator): string {
  const [first] = validator.errors ?? []
  if (first === undefined) return 'the schema does not allow it'
  const path = first.instancePath === '' ? 'the message' : excerptOf(first.instancePath)
  return `${path} breaks the rule ${first.keyword} of the schema`
}
