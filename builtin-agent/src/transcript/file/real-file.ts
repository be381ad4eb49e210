// The one path of a file, whatever path it was reached by.

import { realpathSync } from 'node:fs'
import { basename } from 'node:path'

import { HoldfastError } from '../../../../src/base/errors.ts'

/** Absolute, without symbolic links. TRANSCRIPT_NOT_FOUND. */
export function realFile(path: string): string {
  try {
    return realpathSync(path)
  } catch (cause) {
    throw new HoldfastError('TRANSCRIPT_NOT_FOUND', { transcript: basename(path, '.jsonl') }, { cause })
  }
}
