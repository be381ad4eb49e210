// A file by the one path that it has, whatever path it was reached by; and one that is only read.

import { closeSync, fstatSync, openSync, realpathSync } from 'node:fs'
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

/** A descriptor of a reader's own: it may outlive that of a writer. */
export class ReadOnlyFile implements Disposable {
  readonly fd: number

  /** TRANSCRIPT_NOT_FOUND; errors of the system call. */
  constructor(path: string) {
    this.fd = openSync(realFile(path), 'r')
  }

  size(): number {
    return fstatSync(this.fd).size
  }

  [Symbol.dispose](): void {
    closeSync(this.fd)
  }
}
