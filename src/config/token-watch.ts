// The token as the gateway checks it: its digest, read anew when the file changes, so that a rotated token is dead within a second.
// A file that became unsafe or went away leaves no valid token at all.

import { createHash } from 'node:crypto'
import { lstatSync } from 'node:fs'

import type { Clock, Timer } from '../base/clock.ts'
import { readToken } from './token.ts'

export interface TokenWatch extends Disposable {
  /** SHA-256 of the valid token; undefined while there is none. */
  digest(): Buffer | undefined
  /** Looks at once, instead of at the next tick. */
  check(): void
  /** Called after each change of the digest. */
  onRotated(listener: () => void): Disposable
}

const CHECK_MS = 400

/** Watches an existing token file. TOKEN_FILE_UNSAFE when it cannot be used now. */
export function watchToken(path: string, clock: Clock): TokenWatch {
  return new FileWatch(path, clock)
}

class FileWatch implements TokenWatch {
  readonly #path: string
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()
  #digest: Buffer | undefined
  #stamp: string
  #timer: Timer

  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
    this.#stamp = stampOf(path)
    this.#digest = digestOf(readToken(path))
    this.#timer = this.#arm()
  }

  digest(): Buffer | undefined {
    return this.#digest
  }

  onRotated(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  [Symbol.dispose](): void {
    this.#timer.cancel()
    this.#listeners.clear()
  }

  #arm(): Timer {
    return this.#clock.at(this.#clock.now() + CHECK_MS, () => {
      this.#timer = this.#arm()
      this.check()
    })
  }

  check(): void {
    const stamp = stampOf(this.#path)
    if (stamp === this.#stamp) return
    this.#stamp = stamp
    const digest = this.#read()
    if (isSame(digest, this.#digest)) return
    this.#digest = digest
    for (const listener of this.#listeners) listener()
  }

  #read(): Buffer | undefined {
    try {
      return digestOf(readToken(this.#path))
    } catch {
      return undefined // no valid token: every request is refused until the file is put right
    }
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function isSame(left: Buffer | undefined, right: Buffer | undefined): boolean {
  return left === right || (left !== undefined && right !== undefined && left.equals(right))
}

/** Changes whenever the file is written, replaced, or gets another mode or owner. */
function stampOf(path: string): string {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? '' : `${stat.dev}.${stat.ino}.${stat.size}.${stat.mtimeNs}.${stat.ctimeNs}`
}
