// Exclusive lock that the kernel keeps: a write transaction on an empty SQLite file. Any death frees it at once, a stopped owner keeps it,
// nobody can take it away. Never open such a file with `fs`: closing it would drop the lock of this whole process.

import { chmodSync, existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

import { HoldfastError } from '../../../../src/base/errors.ts'

const SQLITE_BUSY = 5
/** The low byte of an extended code is the code. */
const CODE_MASK = 0xff

/** Free, taken by this object, and free again; the file is open only in between and while it is tried for. */
export class KernelLock {
  readonly #file: string
  #connection: DatabaseSync | undefined

  /** `file` is made when it is missing; nothing is ever written into it. */
  constructor(file: string) {
    this.#file = file
  }

  /** True when it is ours now. Never waits. TRANSCRIPT_FAILED when there can be no lock. */
  tryTake(): boolean {
    try {
      this.#open().exec('BEGIN IMMEDIATE')
      return true
    } catch (cause) {
      if (isBusy(cause)) return false
      this.release()
      const { message } = cause as Error
      throw new HoldfastError('TRANSCRIPT_FAILED', { file: this.#file, reason: message }, { cause })
    }
  }

  /** Idempotent; also ends the trying. */
  release(): void {
    this.#connection?.close()
    this.#connection = undefined
  }

  #open(): DatabaseSync {
    if (this.#connection !== undefined) return this.#connection
    const isNew = !existsSync(this.#file)
    this.#connection = new DatabaseSync(this.#file, { timeout: 0 })
    // SQLite makes the file with the process's umask.
    if (isNew) chmodSync(this.#file, 0o600)
    return this.#connection
  }
}

function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: unknown }
  return typeof errcode === 'number' && (errcode & CODE_MASK) === SQLITE_BUSY
}
