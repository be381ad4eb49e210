// One hold of a session lock. Held, then over: released by its body, or revoked by others. What is over stays over, and whatever it is
// asked to do then, it never touches the hold after it.

import { HoldfastError } from '../../../../src/base/errors.ts'
import type { LockHold } from '../port.ts'

export class Hold implements LockHold {
  readonly #file: string
  readonly #abort = new AbortController()
  #onEnd: (() => void) | undefined
  #reason = 'the lock was given back'

  /** `onEnd` frees the lock; called once. */
  constructor(file: string, onEnd: () => void) {
    this.#file = file
    this.#onEnd = onEnd
  }

  get isHeld(): boolean {
    return this.#onEnd !== undefined
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  assertHeld(): void {
    if (!this.isHeld) throw this.lostError()
  }

  release(): void {
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    onEnd?.()
  }

  revoke(reason: string): boolean {
    if (!this.isHeld) return false
    this.#reason = reason
    this.release()
    this.#abort.abort(reason)
    return true
  }

  /** TRANSCRIPT_TAKEN_OVER with the reason of the end. */
  lostError(): HoldfastError {
    return new HoldfastError('TRANSCRIPT_TAKEN_OVER', { file: this.#file, reason: this.#reason })
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

/** A hold that shares another one of the same async context: it ends with that one, and its own release does nothing. */
export class NestedHold implements LockHold {
  readonly #outer: Hold

  constructor(outer: Hold) {
    this.#outer = outer
  }

  get isHeld(): boolean {
    return this.#outer.isHeld
  }

  get signal(): AbortSignal {
    return this.#outer.signal
  }

  assertHeld(): void {
    this.#outer.assertHeld()
  }

  release(): void {}

  revoke(reason: string): boolean {
    return this.#outer.revoke(reason)
  }

  lostError(): HoldfastError {
    return this.#outer.lostError()
  }

  [Symbol.dispose](): void {}
}
